from __future__ import annotations

import threading
import time

import pytest

from goldenpath.delivery.release.concurrently import AT_ONCE, answers
from goldenpath.shared.errors import GoldenPathError
from tests.unit.registry_double import trouble


def test_the_answers_come_in_the_order_of_the_questions_however_long_each_takes() -> None:
    def ask(number: int) -> int:
        time.sleep(0.02 * (3 - number))
        return number * number

    assert list(answers(ask, [1, 2, 3]).items()) == [(1, 1), (2, 4), (3, 9)]
    assert answers(ask, []) == {}


def test_so_many_are_asked_at_once() -> None:
    together = threading.Barrier(AT_ONCE)
    assert list(answers(lambda _: together.wait(timeout=5) >= 0, range(AT_ONCE)).values()) == [True] * AT_ONCE


def test_an_error_is_raised_without_waiting_for_the_other_answers() -> None:
    stuck, answered = threading.Event(), threading.Event()

    def ask(question: str) -> None:
        if question == "refused":
            raise trouble()
        stuck.wait(timeout=30)
        answered.set()

    with pytest.raises(GoldenPathError, match="the registry is down"):
        answers(ask, ["refused", "slow"])
    assert not answered.is_set()
    stuck.set()
