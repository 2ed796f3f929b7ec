"""The view of a delivery at a terminal: every stage with its state and time, drawn again several times a second.

It loads rich, so only `goldenpath deliver` at a terminal imports it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.text import Text

from goldenpath.delivery.report.job_summary import Ending
from goldenpath.shared.console import MARKS, Progress, terminal
from goldenpath.shared.shown_text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from goldenpath.delivery.running.delivery_end import DeliveryEnd

# Often enough for a person, and less than one hundredth of a processor.
DRAWN_A_SECOND = 4
_MINUTE = 60
_LABEL = 12
_GATE = "-gate"
_STATES = {"done": "passed", "warned": "warned", "stopped": "blocked", "failed": "failed"}
_COLOURS = {Ending.RELEASED: "green", Ending.CHECKED: "green", Ending.BLOCKED: "red", Ending.FAILED: "red"}


@dataclass
class StageRow:
    """A line of the view: the stage's state in words, its mark and colour, and a detail."""

    name: str
    state: str = "waiting"
    mark: str = "·"
    colour: str = "dim"
    detail: str = ""
    began: float | None = None
    seconds: float | None = None
    watched: Callable[[], str] = field(default=str)

    def begin(self) -> None:
        """Let it run from now on; a stage that started early has begun before."""
        self.state, self.mark, self.colour = "running", "●", "cyan"
        self.began = time.monotonic() if self.began is None else self.began

    def text(self, width: int) -> Text:
        """Return the line; a terminal that is too narrow cuts its end. The name fills `width` columns."""
        head = f"{self.mark} {self.name:<{width}}  {self.state:<8} {self._time():>10}  "
        detail = plain(self._detail()).replace("\n", " ")
        return Text.assemble((head, self.colour), detail, no_wrap=True, overflow="ellipsis")

    def _time(self) -> str:
        if self.seconds is not None:
            return f"{self.seconds:.1f} s"
        return _elapsed(time.monotonic() - self.began) if self.began is not None else ""

    def _detail(self) -> str:
        # The thread that draws calls it, and a folder may be gone by then.
        with suppress(OSError):
            return ": ".join(filter(None, (self.detail, self.watched())))
        return self.detail


class LiveView(Progress):
    """Shows the stages of a delivery while it runs, and its end. `has_begun` from the first stage on."""

    def __init__(self, stages: Sequence[str], console: Console | None = None) -> None:
        self._terminal = console or terminal()
        super().__init__(self._terminal)
        self._rows = {name: StageRow(name) for name in stages}
        self._current: StageRow | None = None
        self._warnings: list[str] = []
        self.has_begun = False

    @contextmanager
    def live(self) -> Iterator[None]:
        """Draw the stages until the block has ended; then the stages that did not run are called that."""
        shown = Live(
            get_renderable=self.drawn,
            console=self._terminal,
            refresh_per_second=DRAWN_A_SECOND,
            vertical_overflow="visible",
        )
        try:
            with suppress(OSError):
                shown.start()
            yield
        finally:
            self._close()
            # A terminal that went away must not stop a release, nor hide why one was stopped.
            with suppress(OSError):
                shown.stop()

    def drawn(self) -> Group:
        """Return the view as it is now."""
        width = max(map(len, self._rows), default=0)
        return Group(*(row.text(width) for row in tuple(self._rows.values())))

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Show that the stage `name` runs."""
        self._current = row = self._rows.setdefault(name, StageRow(name))
        self.has_begun, row.detail = True, ""
        row.begin()
        try:
            yield
        finally:
            self._current, row.watched = None, str

    def say(self, text: str) -> None:
        """Show `text` beside the stage that runs."""
        if self._current is None:
            super().say(text)
        else:
            self._current.detail, self._current.watched = text, str

    def watch(self, read: Callable[[], str]) -> None:
        """Show what `read` returns, beside the stage that runs."""
        if self._current is not None:
            self._current.watched = read

    def starts_early(self, name: str) -> Callable[[str], None]:
        """Show that `name` runs beside the stage before it; return a function that shows what it does."""
        row = self._rows.setdefault(name, StageRow(name))
        row.begin()
        row.detail = "beside the stage above"
        return partial(setattr, row, "detail")

    def leave_out(self, name: str, why: str) -> None:
        """Show that the stage `name` is not part of this run."""
        row = self._rows.setdefault(name, StageRow(name))
        row.state, row.detail = "skipped", why

    def end(self, name: str, sentence: str, since: float, *, state: str = "done") -> None:
        """Show how the stage `name` ended."""
        row = self._rows.setdefault(name, StageRow(name))
        row.mark, row.colour = MARKS[state]
        row.state = "advised" if state == "warned" and name.endswith(_GATE) else _STATES[state]
        row.seconds, row.detail = time.monotonic() - since, sentence

    def warn(self, text: str) -> None:
        """Keep `text` for the end, where it is not scrolled away."""
        self._warnings.append(text)

    def finding(self, text: str) -> None:
        """Leave `text` to the end of the delivery, which shows findings by the change that fixes them."""

    def conclude(self, end: DeliveryEnd) -> None:
        """Print the end of the delivery below its stages: warnings, the verdict, and what follows from it."""
        for text in self._warnings:
            super().warn(text)
        colour = _COLOURS[end.facts.ending]
        self._line_across(colour)
        self._print(end.headline, f"bold {colour}")
        # No box: a digest in it could not be copied whole.
        for label, text in end.rows():
            self._row(label, text)
        self._line_across(colour)
        if end.error is not None:
            end.error.is_shown = True

    def _line_across(self, colour: str) -> None:
        with suppress(OSError):
            self._terminal.rule(style=colour)

    def _row(self, label: str, text: str) -> None:
        indented = plain(text).replace("\n", f"\n{'':<{_LABEL}}")
        with suppress(OSError):
            self._terminal.print(Text.assemble((f"{label:<{_LABEL}}", "bold"), indented))

    def _close(self) -> None:
        for row in self._rows.values():
            if row.state == "waiting":
                row.state = "not run"
            elif row.state == "running":
                row.state, row.mark, row.colour = "stopped", *MARKS["failed"]
                row.seconds = time.monotonic() - row.began if row.began is not None else None
                row.detail = ""


def _elapsed(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), _MINUTE)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
