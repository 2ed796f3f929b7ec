"""How deliveries end at a terminal, for its view, its log and what is kept of both."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.model.timing import End, Timing
from goldenpath.delivery.running.delivery_end import DeliveryEnd
from goldenpath.shared.errors import BuildFailed, Cancelled, GateBlocked, GoldenPathError
from goldenpath.shared.names import StageName
from tests.unit.delivery.report.test_job_summary import CASES, GOLDEN
from tests.unit.delivery.report.test_job_summary_platforms import two_platforms

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.delivery.report.job_summary import Facts
    from goldenpath.delivery.running.delivery_log import DeliveryLog
    from goldenpath.delivery.running.live_view import LiveView

FOLDER = Path("/tmp/goldenpath-1000/app")  # noqa: S108  nothing is there
ENDS: dict[str, Facts] = {**CASES, "platforms": two_platforms()}
BLOCKED = partial(GateBlocked, "the gate blocks the release", why="a long list", fix="Fix them")
# Each call makes a new one: an error remembers that a panel has shown it.
ERRORS: dict[str, Callable[[], GoldenPathError]] = {
    "blocked": BLOCKED,
    "vulnerabilities": BLOCKED,
    "compared": BLOCKED,
    "failed": partial(
        BuildFailed, "There is no Dockerfile here", why="The repository has docker/Dockerfile", fix="Write one"
    ),
    "cancelled": partial(Cancelled, "The run was stopped by SIGTERM", fix="Run it again: a re-run is safe"),
}


@dataclass
class Clock:
    """A clock that stands still until a test moves it; it returns `now`, in seconds."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def end_of(name: str, facts: Facts) -> DeliveryEnd:
    """Return the end of the case `name`."""
    return DeliveryEnd(facts, FOLDER, ERRORS[name]() if name in ERRORS else None)


def play(view: DeliveryLog | LiveView, end: DeliveryEnd, clock: Clock) -> None:
    """Let `view` see the stages of a delivery, and its `end`."""
    with view.live():
        for timing in (*end.facts.timings.stages, *always(end)):
            began = clock.now
            with view.working(timing.stage):
                clock.now += timing.seconds
            view.end(timing.stage, timing.sentence, began, state=timing.end.value)
    view.conclude(end)


def always(end: DeliveryEnd) -> tuple[Timing, ...]:
    """Return the stages that run whatever happened, which leave no file."""
    refused = f"no SARIF uploaded: the platform's rules for {end.facts.environment} do not ask for it"
    return (
        Timing(StageName("sarif-upload"), End.DONE, 0.0, refused),
        Timing(StageName("summary"), End.DONE, 0.1, end.headline),
    )


def same_as_kept(name: str, text: str) -> None:
    """Compare `text` with the golden file `name`; with RENEW_GOLDEN set, write it."""
    kept = GOLDEN / name
    if os.environ.get("RENEW_GOLDEN"):
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text(encoding="utf-8")
