"""Run several registry requests in parallel; each costs a cross-region round trip."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

K = TypeVar("K")
V = TypeVar("V")
PARALLEL_REQUESTS = 4


def map_concurrently(request: Callable[[K], V], keys: Collection[K]) -> dict[K, V]:
    """Return the result of `request` for every key, in the order of `keys`. Raises the first error of any request.

    When an error or a signal ends the wait, it does not wait for the requests that still run.
    """
    if len(keys) < 2:  # noqa: PLR2004  one needs no thread
        return {key: request(key) for key in keys}
    pool = ThreadPoolExecutor(PARALLEL_REQUESTS, thread_name_prefix="look")
    try:
        return dict(zip(keys, pool.map(request, keys), strict=True))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
