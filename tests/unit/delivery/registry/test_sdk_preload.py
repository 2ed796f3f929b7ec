from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from goldenpath.delivery.registry import sdk_preload


@pytest.fixture(autouse=True)
def _unloaded() -> Iterator[None]:
    sdk_preload.load.cache_clear()
    yield
    sdk_preload.load.cache_clear()


def test_an_sdk_that_cannot_be_loaded_is_left_to_whoever_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # `None` is what Python imports as a module that is not there.
    monkeypatch.setitem(sys.modules, "goldenpath.shared.aws_sdk", None)
    sdk_preload.load().join()  # pytest turns an exception of a thread into an error


def test_the_sdk_is_loaded_once() -> None:
    loading = sdk_preload.load()
    assert sdk_preload.load() is loading
    loading.join()
    assert "goldenpath.shared.aws_sdk" in sys.modules
