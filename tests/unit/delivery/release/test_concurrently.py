from __future__ import annotations

import threading
import time

import pytest

from goldenpath.delivery.release.concurrently import PARALLEL_REQUESTS, map_concurrently
from goldenpath.shared.errors import GoldenPathError
from tests.unit.registry_double import trouble


def test_results_come_in_the_order_of_the_keys_however_long_a_request_takes() -> None:
    def ask(number: int) -> int:
        time.sleep(0.02 * (3 - number))
        return number * number

    assert list(map_concurrently(ask, [1, 2, 3]).items()) == [(1, 1), (2, 4), (3, 9)]
    assert map_concurrently(ask, []) == {}


def test_several_requests_run_in_parallel() -> None:
    together = threading.Barrier(PARALLEL_REQUESTS)
    assert (
        list(map_concurrently(lambda _: together.wait(timeout=5) >= 0, range(PARALLEL_REQUESTS)).values())
        == [True] * PARALLEL_REQUESTS
    )


def test_an_error_is_raised_without_waiting_for_the_other_requests() -> None:
    stuck, finished = threading.Event(), threading.Event()

    def ask(question: str) -> None:
        if question == "refused":
            raise trouble()
        stuck.wait(timeout=30)
        finished.set()

    with pytest.raises(GoldenPathError, match="the registry is down"):
        map_concurrently(ask, ["refused", "slow"])
    assert not finished.is_set()
    stuck.set()
