"""The values of a job's matrix in every run of the job.

Source: GitHub, "Workflow syntax", `jobs.<job_id>.strategy.matrix`.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MATRIX_VALUE = re.compile(r"\$\{\{\s*matrix\.(?P<name>[\w-]+)\s*\}\}")
_MAP_LOOKUP = re.compile(
    r"\$\{\{\s*fromJSON\('(?P<map>(?:[^']|'')*)'\)\[matrix\.(?P<name>[\w-]+)\]\s*\}\}", re.IGNORECASE
)
# GitHub starts no more jobs of one matrix.
_MAX_JOBS = 256


def runs(strategy: Any) -> tuple[Mapping[str, str], ...]:  # noqa: ANN401  parsed YAML
    """Return the values of the matrix in every run of a job; empty without a matrix, and where it is an expression.

    It ignores `exclude`, and an `include` next to lists.
    """
    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
    if not isinstance(matrix, dict):
        return ()
    lists = {str(name): values for name, values in matrix.items() if name not in {"include", "exclude"}}
    if not lists:
        include = matrix.get("include")
        entries = include if isinstance(include, list) else ()
        return tuple(_texts(entry) for entry in entries if isinstance(entry, dict))
    if not all(isinstance(values, list) for values in lists.values()):
        return ()
    products = itertools.islice(itertools.product(*lists.values()), _MAX_JOBS)
    return tuple(_texts(dict(zip(lists, values, strict=True))) for values in products)


def resolve(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with the `values` of one run in place of the expressions that name them."""
    text = _MAP_LOOKUP.sub(lambda match: _look_up(match, values), text)
    return _MATRIX_VALUE.sub(lambda match: values.get(match["name"], match[0]), text)


def _look_up(match: re.Match[str], values: Mapping[str, str]) -> str:
    try:
        table = json.loads(match["map"].replace("''", "'"))
    except ValueError:
        return match[0]
    key = values.get(match["name"], "")
    return str(table[key]) if isinstance(table, dict) and key in table else match[0]


def _texts(values: Mapping[Any, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items()}
