"""Several questions to a registry at once: each answer is a journey to another region and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

Q = TypeVar("Q")
A = TypeVar("A")
AT_ONCE = 4


def answers(ask: Callable[[Q], A], questions: Collection[Q]) -> dict[Q, A]:
    """Return the answer to each question, in the order of the questions. Raises the first error of any.

    Whatever ends the waiting, a signal too, does not wait for the answers that are still on their way.
    """
    if len(questions) < 2:  # noqa: PLR2004  one needs no thread
        return {question: ask(question) for question in questions}
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="look")
    try:
        return dict(zip(questions, pool.map(ask, questions), strict=True))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
