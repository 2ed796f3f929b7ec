"""Show the progress of stages: a live line on a terminal, plain lines everywhere else."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from goldenpath.shared import error_pages
from goldenpath.shared.runner import in_actions, plain, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.status import Status
    from rich.text import Text

    from goldenpath.shared.errors import GoldenPathError

_MARKS = {"done": ("✓", "green"), "warned": ("!", "yellow"), "stopped": ("✗", "red")}


class Progress:
    """Tells what happens, stage by stage. Whatever it prints is safe in a log that a runner reads."""

    def __init__(self, console: Console | None = None) -> None:
        # A runner takes a workflow command, a mask above all, only at the start of a line: no live line there, even
        # where the runner's steps have a terminal.
        live = not in_actions() and sys.stdout.isatty()
        self._console = console or (_terminal() if live else None)
        self._status: Status | None = None

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Show that `name` is at work: a spinner on a terminal, one line elsewhere."""
        if self._console is None or not self._console.is_terminal:
            self._print(f"· {name}")
            yield
            return
        with self._console.status(_text(name)) as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None

    def say(self, text: str) -> None:
        """Tell what is going on inside the stage at work."""
        if self._status is not None:
            self._status.update(_text(plain(text)))
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
        """Tell what happened, why, what to do now, and where there is more about it."""
        head, *why, fix = shown(error)
        self._print(head, "bold red")
        for line in why:
            self._print(line)
        self._print(fix, "bold")
        more = error_pages.address(error.code) if in_actions() else f"goldenpath explain {error.code}"
        self._print(f"  more: {more}")

    def heading(self, text: str) -> None:
        """Begin a new part."""
        self._print(f"\n{text}", "bold")

    def line(self, text: str = "") -> None:
        """Print one plain line."""
        self._print(text)

    def markdown(self, text: str) -> None:
        """Print a page of Markdown: laid out on a terminal, as it is everywhere else."""
        if self._console is None:
            self._print(text.rstrip("\n"))
            return
        from rich.markdown import Markdown  # noqa: PLC0415  as `_terminal`

        with suppress(OSError):
            self._console.print(Markdown(plain(text)))

    def _print(self, text: str, style: str = "") -> None:
        if self._console is None:
            tell(plain(text))
            return
        with suppress(OSError):  # as `tell` does
            self._console.print(_text(plain(text), style))


def shown(error: GoldenPathError) -> tuple[str, ...]:
    """Return what a log shows of `error`: what happened, why (if that is known), and what to do."""
    why = (f"  why: {error.why}",) if error.why else ()
    return (f"error[{error.code}]: {error.what}", *why, f"  do:  {error.fix}")


# Only where there is a terminal: loading rich would take a third of what a step takes to start.
def _terminal() -> Console:
    from rich.console import Console  # noqa: PLC0415

    return Console(highlight=False, soft_wrap=True)


def _text(text: str, style: str = "") -> Text:
    from rich.text import Text  # noqa: PLC0415

    return Text(text, style)
