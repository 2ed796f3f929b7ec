"""Wait for a fact. The time only ends a test that would wait for ever, and nothing is concluded from it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Fact = TypeVar("_Fact")


def until(fact: Callable[[], _Fact], story: Callable[[], object], seconds: float = 30) -> _Fact:
    """Return the first result of `fact` that is true; after so many `seconds` raise `TimeoutError` with the `story`."""
    limit = time.monotonic() + seconds
    while not (result := fact()):
        if time.monotonic() > limit:
            raise TimeoutError(story())
        time.sleep(0.02)
    return result
