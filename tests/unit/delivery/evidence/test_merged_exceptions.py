"""Which change brought an exception."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from goldenpath.delivery.evidence import merged_exceptions
from goldenpath.shared import git, merge_history
from goldenpath.shared.merge_history import MergedChange
from tests.unit.delivery.evidence.evidence_records import COMMIT, EXCEPTION

TEXT = """version: 1
exceptions:
  - {gate: trivy, id: CVE-2026-1, scope: {package: openssl}, reason: <b>no fix</b>, owner: ann, expires: 2026-12-01}
"""
NEWEST, MIDDLE, OLDEST = (
    MergedChange(letter * 40, "ann", dt.datetime(2026, 10, 2, tzinfo=dt.UTC), "s", merged_by="bob") for letter in "321"
)


def reading(monkeypatch: pytest.MonkeyPatch, *texts: str, shallow: bool = False) -> None:
    versions = dict(zip((NEWEST.commit, MIDDLE.commit, OLDEST.commit), texts, strict=False))
    changes = [change for change in (NEWEST, MIDDLE, OLDEST) if change.commit in versions]
    monkeypatch.setattr(git, "has", lambda checkout, _: checkout == Path("app"))
    monkeypatch.setattr(git, "is_shallow", lambda _: shallow)
    monkeypatch.setattr(git, "text_at", lambda _, commit, __: versions.get(commit, texts[0] if texts else None))
    monkeypatch.setattr(merge_history, "changes", lambda *_: tuple(changes))


@pytest.mark.parametrize(
    ("texts", "brought"),
    [
        ((TEXT, TEXT, ""), MIDDLE),
        ((TEXT, "", TEXT), NEWEST),
        ((TEXT, TEXT, TEXT), OLDEST),
        ((TEXT, "no: such field", TEXT), NEWEST),
        (("", TEXT), None),
        ((), None),
    ],
    ids=["then", "again", "always", "unreadable-before", "gone", "no-file"],
)
def test_an_exception_is_brought_by_the_change_since_which_it_is_there(
    monkeypatch: pytest.MonkeyPatch, texts: tuple[str, ...], brought: MergedChange | None
) -> None:
    reading(monkeypatch, *texts)
    history = merged_exceptions.read([Path("other"), Path("app")], COMMIT)
    assert history
    assert history.checkout == Path("app")
    assert history.brought(EXCEPTION) == brought
    # Another last day is another exception: somebody else may have merged it.
    assert history.brought(msgspec.structs.replace(EXCEPTION, expires=dt.date(2027, 1, 1))) is None


def test_the_oldest_commit_of_a_shallow_clone_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    reading(monkeypatch, TEXT, TEXT, shallow=True)
    history = merged_exceptions.read([Path("app")], COMMIT)
    assert history
    assert history.brought(EXCEPTION) is None


def test_no_checkout_with_the_commit_is_no_history(monkeypatch: pytest.MonkeyPatch) -> None:
    reading(monkeypatch, TEXT)
    assert merged_exceptions.read([Path("other")], COMMIT) is None
