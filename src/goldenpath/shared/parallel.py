"""Run work in a second thread; when the first thread fails, the programs of the second are stopped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from goldenpath.shared import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

P = ParamSpec("P")
T = TypeVar("T")


class _Abandoned(Exception):
    """Ends work whose result nobody needs any more."""


class Alongside:
    """Runs work in a second thread."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._children: list[process.Child] = []
        self._futures: list[Future[object]] = []
        self._abandoned = False

    def start(self, work: Callable[P, T], *words: P.args, **options: P.kwargs) -> Future[T]:
        """Start `work` and return its future result."""

        def observed() -> T:
            with process.on_start(self._admit):
                return work(*words, **options)

        future = self._pool.submit(observed)
        self._futures.append(cast("Future[object]", future))
        return future

    def _admit(self, child: process.Child) -> None:
        self._children.append(child)
        if self._abandoned:
            raise _Abandoned("the result is no longer needed")

    def abandon(self) -> None:
        """Stop every program that the work started, by force if need be, and each that it starts from now on."""
        self._abandoned = True
        running = [child for child in self._children if child.returncode is None]
        for child in running:
            process.terminate(child)
        if running:
            wait(self._futures, timeout=process.PATIENCE)
        for child in running:
            process.terminate(child, by_force=True)


@contextmanager
def alongside() -> Iterator[Alongside]:
    """Give a second thread for the time of the block. When the block fails, nobody waits for the thread's programs."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="alongside")
    second = Alongside(pool)
    try:
        yield second
    except BaseException:
        second.abandon()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
