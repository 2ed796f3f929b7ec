"""Show the progress of stages: a live line on a terminal, plain lines everywhere else."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from goldenpath.shared import error_pages, output
from goldenpath.shared.runner import in_actions, tell
from goldenpath.shared.shown_text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console
    from rich.status import Status
    from rich.text import Text

    from goldenpath.shared.errors import GoldenPathError

MARKS = {"done": ("✓", "green"), "warned": ("!", "yellow"), "stopped": ("✗", "red"), "failed": ("✗", "red")}


class Progress:
    """Tells what happens, stage by stage. Whatever it prints is safe in a log that a runner reads.

    With `--quiet` it prints only errors, how a stage ended, and the lines that a command was asked for.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or (terminal() if output.may_redraw() else None)
        self._status: Status | None = None

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Show that `name` is at work: a spinner on a terminal, one line elsewhere."""
        if self._console is None or not self._console.is_terminal:
            self.note(f"· {name}")
            yield
            return
        with self._console.status(styled(name)) as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None

    def say(self, text: str) -> None:
        """Tell what is going on inside the stage at work."""
        if self._status is not None:
            self._status.update(styled(plain(text)))
        else:
            self.note(f"  {text}")

    def watch(self, read: Callable[[], str]) -> None:
        """Show what `read` returns beside the stage at work, several times a second; only a live view does."""

    def starts_early(self, name: str) -> Callable[[str], None]:  # noqa: ARG002  a live view uses it
        """Return a function that shows what `name` does beside the stage at work; only a live view shows it."""
        return lambda _text: None

    def leave_out(self, name: str, why: str) -> None:
        """Tell that the stage `name` is not part of this run."""
        self.note(f"· {name} is left out: {why}")

    def end(self, name: str, sentence: str, since: float, *, state: str = "done") -> None:
        """Tell how a stage ended; `since` is the monotonic time it began at, `state` one of `MARKS`."""
        mark, colour = MARKS[state]
        self._print(f"{mark} {name:<14} {sentence}  ({time.monotonic() - since:.1f} s)", colour)

    def warn(self, text: str) -> None:
        """Tell something that deserves attention."""
        self.note(f"  warning: {text}", "yellow")

    def finding(self, text: str) -> None:
        """Tell a finding that a gate reports."""
        self.warn(text)

    def error(self, error: GoldenPathError) -> None:
        """Tell what happened, why, what to do now, and where there is more about it, unless a panel has said so."""
        if error.is_shown:
            return
        head, *why, fix = shown(error)
        self._print(head, "bold red")
        for line in why:
            self._print(line)
        self._print(fix, "bold")
        self._print(f"  more: {more_about(error)}")

    def heading(self, text: str) -> None:
        """Begin a new part."""
        self._print(f"\n{text}", "bold")

    def line(self, text: str = "") -> None:
        """Print one plain line."""
        self._print(text)

    def note(self, text: str, style: str = "") -> None:
        """Print a line about the progress, which `--quiet` leaves out."""
        if not output.is_quiet():
            self._print(text, style)

    def markdown(self, text: str) -> None:
        """Print a page of Markdown: laid out on a terminal, as it is everywhere else."""
        if self._console is None:
            self._print(text.rstrip("\n"))
            return
        from rich.markdown import Markdown  # noqa: PLC0415  as `terminal`

        with suppress(OSError):
            self._console.print(Markdown(plain(text)))

    def _print(self, text: str, style: str = "") -> None:
        if self._console is None:
            tell(plain(text))
            return
        with suppress(OSError):  # as `tell` does
            self._console.print(styled(plain(text), style))


def shown(error: GoldenPathError) -> tuple[str, ...]:
    """Return what a log shows of `error`: what happened, why (if that is known), and what to do."""
    why = (f"  why: {error.why}",) if error.why else ()
    return (f"error[{error.code}]: {error.what}", *why, f"  do:  {error.fix}")


def more_about(error: GoldenPathError) -> str:
    """Return where there is more about `error`: an address in a log, which has no command beside it."""
    return error_pages.address(error.code) if in_actions() else f"goldenpath explain {error.code}"


def terminal() -> Console:
    """Return stdout as a terminal. Only for one: loading rich would take a third of what a step takes to start."""
    from rich.console import Console  # noqa: PLC0415  as it says

    return Console(highlight=False, soft_wrap=True)


def styled(text: str, style: str = "") -> Text:
    """Return `text` in a `style` of rich, with no markup of its own."""
    from rich.text import Text  # noqa: PLC0415  as `terminal`

    return Text(text, style)
