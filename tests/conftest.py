"""What holds for every test: no variable of the runner reaches it, and the SDK is read once; errors and their pages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests import error_examples, runner_variables, sdk_data

if TYPE_CHECKING:
    from collections.abc import Generator

# pytest imports this file before any test and before its workers start: a fixture would come after both.
runner_variables.remove(os.environ)
sdk_data.share()

# Measured by the processor time of their files: each of these takes more than half a minute.
_LONGEST = ("attacks", "bypasses", "registries", "terraform")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: one that is begun last keeps one worker busy while the others wait."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _rank(path: str) -> int:
    if path.startswith("tests/tools/") and any(name in path for name in _LONGEST):
        return 0
    if path.startswith("tests/e2e/"):
        return 1
    return 2 if path.startswith("tests/tools/") else 3


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Compare the example on the page of an error with the error that its test makes."""
    code = error_examples.BY_TEST.get(item.nodeid)
    if code is None:
        return (yield)
    with error_examples.compared(code, getattr(item, "funcargs", {}).get("tmp_path")):
        return (yield)
