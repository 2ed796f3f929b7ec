"""The deliveries of a job with a matrix: what the job is given in each of its runs.

Source: GitHub, "Workflow syntax", `jobs.<job_id>.strategy.matrix`.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_MATRIX = re.compile(r"\$\{\{\s*matrix\.(?P<name>[\w-]+)\s*\}\}")
_OF_MAP = re.compile(r"\$\{\{\s*fromJSON\('(?P<map>(?:[^']|'')*)'\)\[matrix\.(?P<name>[\w-]+)\]\s*\}\}", re.IGNORECASE)
# GitHub starts no more jobs of one matrix.
_MOST = 256


def runs(strategy: Any) -> tuple[Mapping[str, str], ...]:  # noqa: ANN401  what YAML gives
    """Return the values of the matrix in each run of a job; none where it has no matrix, or one that is computed.

    `exclude` is not read, nor an `include` beside lists.
    """
    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
    if not isinstance(matrix, dict):
        return ()
    lists = {str(name): each for name, each in matrix.items() if name not in {"include", "exclude"}}
    if not lists:
        include = matrix.get("include")
        return tuple(_texts(each) for each in include if isinstance(each, dict)) if isinstance(include, list) else ()
    if not all(isinstance(each, list) for each in lists.values()):
        return ()
    products = itertools.islice(itertools.product(*lists.values()), _MOST)
    return tuple(_texts(dict(zip(lists, values, strict=True))) for values in products)


def resolved(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with the `values` of one run in the place of the expressions that name them."""
    text = _OF_MAP.sub(lambda found: _looked_up(found, values), text)
    return _OF_MATRIX.sub(lambda found: values.get(found["name"], found[0]), text)


def _looked_up(found: re.Match[str], values: Mapping[str, str]) -> str:
    try:
        table = json.loads(found["map"].replace("''", "'"))
    except ValueError:
        return found[0]
    key = values.get(found["name"], "")
    return str(table[key]) if isinstance(table, dict) and key in table else found[0]


def _texts(values: Mapping[Any, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items()}
