from __future__ import annotations

from collections.abc import Iterator

import pytest

from goldenpath.delivery.registry import sdk_preload
from goldenpath.shared import aws_sdk


@pytest.fixture(autouse=True)
def _unloaded() -> Iterator[None]:
    sdk_preload.load.cache_clear()
    yield
    sdk_preload.load.cache_clear()


def test_an_sdk_that_cannot_be_loaded_is_left_to_whoever_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ImportError("no botocore")

    monkeypatch.setattr(aws_sdk, "read_models", broken)
    sdk_preload.load().join()  # pytest turns an exception of a thread into an error


def test_the_sdk_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = list[bool]()
    monkeypatch.setattr(aws_sdk, "read_models", lambda: loaded.append(True))
    assert sdk_preload.load() is sdk_preload.load()
    sdk_preload.load().join()
    assert loaded == [True]
