"""Cancel a run safely: the first signal unwinds through every undo, and no signal interrupts an undo or a write.

GitHub cancels a step with SIGINT, then SIGTERM after 7.5 seconds, then SIGKILL after 2.5 more (actions/runner,
`ProcessInvoker`); a terminal that goes away sends SIGHUP.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.shared.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class _SignalState:
    """The first signal that came (0 for none), whether it was raised, and whether signals are deferred now."""

    number: int = 0
    raised: bool = False
    deferred: bool = False


# One for the process: Python runs the handlers of all signals in the main thread, between two of its instructions.
_state = _SignalState()


def install_signal_handlers() -> None:
    """Have the first signal raise `Cancelled` in the main thread: at once, or at the end of `defer_signals`."""
    # A process may run several commands, as tests do.
    _state.number, _state.raised, _state.deferred = 0, False, False
    for number in SIGNALS:
        signal.signal(number, _cancel)


@contextmanager
def defer_signals() -> Iterator[None]:
    """Defer a signal until the block has ended. An error of the block itself has precedence."""
    before, _state.deferred = _state.deferred, True
    try:
        yield
    finally:
        _state.deferred = before
    _raise_pending()


@contextmanager
def allow_signals() -> Iterator[None]:
    """Inside `defer_signals`, allow a signal to end the block at once.

    Code that catches the exception is not interrupted: signals are deferred again there, or the only one that counts
    has been raised.
    """
    before, _state.deferred = _state.deferred, False
    try:
        _raise_pending()
        yield
    finally:
        _state.deferred = before


def _cancel(number: int, _frame: FrameType | None) -> None:
    # Only the first counts: GitHub's SIGTERM comes in the middle of the undo that its SIGINT began.
    _state.number = _state.number or number
    _raise_pending()


def _raise_pending() -> None:
    if _state.number and not _state.raised and not _state.deferred:
        _state.raised = True
        name = signal.Signals(_state.number).name
        raise Cancelled(f"The run was stopped by {name}", fix="Run it again: a re-run is safe")
