"""What holds for every test: no variable of the runner reaches one of them, and they share the SDK's descriptions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests import runner_variables, sdk_data

if TYPE_CHECKING:
    import pytest

# pytest imports this file before any test and before its workers start: a fixture would come after both.
runner_variables.remove(os.environ)
sdk_data.share()

# Measured by the processor time of their files: each of these takes more than half a minute.
_LONGEST = ("attacks", "bypasses", "hostile_values", "registries", "terraform")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: one that is begun last keeps one worker busy while the others wait."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _rank(path: str) -> int:
    if path.startswith("tests/tools/") and any(name in path for name in _LONGEST):
        return 0
    if path.startswith("tests/e2e/"):
        return 1
    return 2 if path.startswith("tests/tools/") else 3
