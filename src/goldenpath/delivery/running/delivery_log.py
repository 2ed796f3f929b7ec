"""The log of a delivery in plain lines; with `--quiet`, only its verdict and the error that ended it."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from goldenpath.shared import output
from goldenpath.shared.console import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.running.delivery_end import DeliveryEnd


class DeliveryLog(Progress):
    """Tells what happens in a delivery, a line each, as a log of CI keeps it; `has_begun` from its first stage on."""

    has_begun = False

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Tell that the stage `name` is at work."""
        self.has_begun = True
        with super().working(name):
            yield

    def live(self) -> AbstractContextManager[None]:
        """Return a context in which nothing is drawn."""
        return nullcontext()

    def end(self, name: str, sentence: str, since: float, *, state: str = "done") -> None:
        """Tell how the stage `name` ended."""
        if not output.is_quiet():
            super().end(name, sentence, since, state=state)

    def conclude(self, end: DeliveryEnd) -> None:
        """Tell the verdict where no line before did."""
        if output.is_quiet():
            self.line(end.headline)
