"""A run that is cancelled: the first signal unwinds through every undo, and no signal cuts an undo or a write short.

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
class _Run:
    """What this process knows of its own cancelling: the signal that came, whether it was raised, whether it waits."""

    number: int = 0
    raised: bool = False
    held: bool = False


# One for the process: Python runs the handlers of all signals in the main thread, between two of its instructions.
_run = _Run()


def obey() -> None:
    """Have the first signal raise `Cancelled` in the main thread, now or where it is no longer `held`."""
    # A process may run several commands, as tests do.
    _run.number, _run.raised, _run.held = 0, False, False
    for number in SIGNALS:
        signal.signal(number, _cancel)


@contextmanager
def held() -> Iterator[None]:
    """Let a signal wait until the block has ended; an error of the block itself goes before it."""
    before, _run.held = _run.held, True
    try:
        yield
    finally:
        _run.held = before
    _heed()


@contextmanager
def heeded() -> Iterator[None]:
    """Inside of `held`, let a signal end the block at once.

    Whoever catches what ends it is not interrupted: signals are held again by then, or one was raised and was the last.
    """
    before, _run.held = _run.held, False
    try:
        _heed()
        yield
    finally:
        _run.held = before


def _cancel(number: int, _frame: FrameType | None) -> None:
    # Only the first counts: GitHub's SIGTERM comes in the middle of the undo that its SIGINT began.
    _run.number = _run.number or number
    _heed()


def _heed() -> None:
    if _run.number and not _run.raised and not _run.held:
        _run.raised = True
        name = signal.Signals(_run.number).name
        raise Cancelled(f"the run was stopped by {name}", fix="run it again: a re-run is safe")
