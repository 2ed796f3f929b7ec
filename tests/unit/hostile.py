"""Bytes that a crashed program, a torn disk or a stranger may leave where a report is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

REPORTS = Path(__file__).parent.parent / "data" / "reports"


def recorded(name: str) -> bytes:
    """Return a report as the real program wrote it (dev/record_reports.py)."""
    return (REPORTS / name).read_bytes()


def json_values(names: Sequence[str], words: Sequence[str] = ()) -> st.SearchStrategy[object]:
    """Any JSON value, whose objects like to have the fields `names` and whose strings like to be `words`."""
    texts = st.text() | st.sampled_from([*words, ""])
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
    keys = st.sampled_from(list(names)) | st.text(max_size=3)
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=len(names)),
        max_leaves=20,
    )


def reports(*good: bytes, names: Sequence[str], words: Sequence[str] = ()) -> st.SearchStrategy[bytes]:
    """Any bytes, any JSON, and the `good` reports cut short, or with one byte or one field's value changed."""
    return st.one_of(
        st.binary(),
        json_values(names, words).map(_dump),
        st.sampled_from(good).flatmap(_cut),
        st.sampled_from(good).flatmap(_byte_changed),
        st.tuples(st.sampled_from(good), st.sampled_from(list(names)), json_values(names, words)).map(_field_changed),
    )


def _dump(value: object) -> bytes:
    return json.dumps(value).encode()


def _cut(report: bytes) -> st.SearchStrategy[bytes]:
    return st.integers(0, len(report)).map(lambda end: report[:end])


def _byte_changed(report: bytes) -> st.SearchStrategy[bytes]:
    place = st.integers(0, len(report) - 1)
    return st.tuples(place, st.binary(max_size=2)).map(lambda change: _spliced(report, *change))


def _spliced(report: bytes, place: int, instead: bytes) -> bytes:
    return report[:place] + instead + report[place + 1 :]


def _field_changed(change: tuple[bytes, str, object]) -> bytes:
    report, name, instead = change
    return _dump(_with_field(json.loads(report), name, instead))


def _with_field(value: object, name: str, instead: object) -> object:
    if isinstance(value, list):
        return [_with_field(each, name, instead) for each in value]
    if isinstance(value, dict):
        return {key: instead if key == name else _with_field(each, name, instead) for key, each in value.items()}
    return value
