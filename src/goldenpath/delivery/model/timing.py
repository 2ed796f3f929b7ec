"""The result and duration of every stage of a run, for its summary, also when a stage failed."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from goldenpath.shared.names import StageName

TIMING_SCHEMA = "goldenpath.timing/1"


class End(StrEnum):
    """The end of a stage. `stopped`: it worked and ends the run, as a gate that blocks; `failed`: it had an error."""

    DONE = "done"
    WARNED = "warned"
    STOPPED = "stopped"
    FAILED = "failed"


class Timing(Struct, frozen=True):
    """The end of one stage, its duration in `seconds` and its `sentence`.

    `fix` is the advice if it failed, `code` that of the error which ended it.
    """

    stage: StageName
    end: End
    seconds: float
    sentence: str
    fix: str = ""
    code: str = ""
    schema: str = TIMING_SCHEMA


class Timings(Struct, frozen=True):
    """Every stage that ended so far, in the order of the pipeline."""

    stages: tuple[Timing, ...] = ()

    def of(self, stage: str) -> Timing | None:
        """Return how `stage` ended; `None` where it did not run."""
        return next((timing for timing in self.stages if timing.stage == stage), None)
