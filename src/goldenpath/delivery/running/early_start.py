"""Start a stage early, while the stage before it still runs."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from goldenpath.delivery.model.transfer import unwatched

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.delivery.stage import Ahead, Outcome, Run
    from goldenpath.shared.parallel import Alongside


class EarlyStage:
    """Runs a stage in a second thread. Its messages, its error and its files are held back until its turn.

    Until then `show` gets each message as it comes, for a view that is drawn again.
    """

    def __init__(self, ahead: Ahead, run: Run, second: Alongside, show: Callable[[str], None]) -> None:
        self._seconds = 0.0
        self._messages: list[str] = []
        self._show = show
        self._say: Callable[[str], None] = self._hold_back
        self._lock = Lock()
        self._work = second.start(self._start, ahead, replace(run, say=self._report, watch=unwatched))

    @property
    def began(self) -> float:
        """The monotonic start time of the stage, as if it had run without a pause until now."""
        return time.monotonic() - self._seconds

    def finish(self, say: Callable[[str], None]) -> Outcome:
        """Return the outcome of the stage, whose turn it is; from now on `say` gets its messages. Raises its error."""
        with self._lock:
            for message in self._messages:
                say(message)
            self._say = say
        write = self._work.result()
        turn = time.monotonic()
        try:
            return write()
        finally:
            self._seconds += time.monotonic() - turn

    def _start(self, ahead: Ahead, run: Run) -> Callable[[], Outcome]:
        began = time.monotonic()
        try:
            return ahead(run)
        finally:
            self._seconds = time.monotonic() - began

    def _hold_back(self, message: str) -> None:
        self._messages.append(message)
        self._show(message)

    def _report(self, message: str) -> None:
        with self._lock:
            self._say(message)
