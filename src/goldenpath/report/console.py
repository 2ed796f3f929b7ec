"""What a person sees while stages run: a live line on a terminal, plain lines everywhere else."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from goldenpath.runner import in_actions, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.status import Status

    from goldenpath.errors import GoldenPathError

_MARKS = {"done": ("✓", "green"), "warned": ("!", "yellow"), "stopped": ("✗", "red")}


class Progress:
    """Tells what happens, stage by stage. Whatever it prints is safe in a log that a runner reads."""

    def __init__(self, console: Console | None = None) -> None:
        # A runner takes a workflow command, a mask above all, only at the start of a line: no live line there, even
        # where the runner's steps have a terminal.
        live = False if in_actions() else None
        self._console = console or Console(highlight=False, soft_wrap=True, force_terminal=live)
        self._status: Status | None = None

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Show that `name` is at work: a spinner on a terminal, one line elsewhere."""
        if not self._console.is_terminal:
            self._print(f"· {name}")
            yield
            return
        with self._console.status(Text(name)) as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None

    def say(self, text: str) -> None:
        """Tell what is going on inside the stage at work."""
        if self._status is not None:
            self._status.update(Text(plain(text)))
        else:
            self._print(f"  {text}")

    def end(self, name: str, sentence: str, since: float, *, state: str = "done") -> None:
        """Tell how a stage ended; `since` is the monotonic time it began at, `state` done, warned or stopped."""
        mark, colour = _MARKS[state]
        self._print(f"{mark} {name:<14} {sentence}  ({time.monotonic() - since:.1f} s)", colour)

    def warn(self, text: str) -> None:
        """Tell something that deserves attention."""
        self._print(f"  warning: {text}", "yellow")

    def error(self, error: GoldenPathError) -> None:
        """Tell what happened, why, and what to do now."""
        self._print(f"error[{error.code}]: {error.what}", "bold red")
        if error.why:
            self._print(f"  why: {error.why}")
        self._print(f"  do:  {error.fix}", "bold")

    def heading(self, text: str) -> None:
        """Begin a new part."""
        self._print(f"\n{text}", "bold")

    def line(self, text: str = "") -> None:
        """Print one plain line."""
        self._print(text)

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(Text(plain(text), style))
