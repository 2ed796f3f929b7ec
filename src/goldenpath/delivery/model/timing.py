"""How each stage of a run ended, and how long it took: what a summary is made of, also when a stage failed."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from goldenpath.shared.names import StageName

TIMING_SCHEMA = "goldenpath.timing/1"


class End(StrEnum):
    """How a stage ended. `stopped`: it worked, and ends the run, as a gate that blocks; `failed`: it broke."""

    DONE = "done"
    WARNED = "warned"
    STOPPED = "stopped"
    FAILED = "failed"


class Timing(Struct, frozen=True):
    """One stage: how it ended, after how many `seconds`, and what it said; `fix` is what to do when it failed."""

    stage: StageName
    end: End
    seconds: float
    sentence: str
    fix: str = ""
    schema: str = TIMING_SCHEMA


class Timings(Struct, frozen=True):
    """Every stage that ended so far, in the order of the pipeline."""

    stages: tuple[Timing, ...] = ()

    def of(self, stage: str) -> Timing | None:
        """Return how `stage` ended; `None` where it did not run."""
        return next((timing for timing in self.stages if timing.stage == stage), None)
