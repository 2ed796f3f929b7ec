"""Parse sentences on how the jobs of a run end, like `gitleaks-gate blocks; push fails at Keep the receipt`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_WORDS = re.compile(
    r"(?:(?P<run>the run is cancelled) during )?(?P<job>[\w-]+)"
    r"(?: (?P<happens>fails|blocks|advises|is cancelled|times out))?(?: on (?P<platform>\S+))?(?: at (?P<step>.+))?"
)
# GitHub cancels a job that runs out of time.
_OUTCOMES = {
    "fails": "failure", "blocks": "failure", "advises": "success",
    "is cancelled": "cancelled", "times out": "cancelled",
}  # fmt: skip
_VERDICTS = {"blocks": "block", "advises": "advise"}


@dataclass(frozen=True)
class Ending:
    """The end of one job: the outcome of `step` (the main one when none is named), and a gate's verdict."""

    outcome: str = "success"
    verdict: str = "pass"
    step: str = ""
    platform: str = ""
    ends_run: bool = False


@dataclass(frozen=True)
class Scenario:
    """The endings of jobs by name; every other job succeeds."""

    endings: Mapping[str, Ending] = field(default_factory=dict)

    @property
    def ends_run(self) -> bool:
        """Whether somebody cancels the run."""
        return any(ending.ends_run for ending in self.endings.values())

    def of(self, job: str, platform: str = "") -> Ending:
        """Return the ending of `job`, in a matrix of the job for `platform`."""
        ending = self.endings.get(job, Ending())
        return Ending() if ending.platform and ending.platform != platform else ending


def parse(words: str) -> Scenario:
    """Return the scenario that `words` describe; every job succeeds when they are empty."""
    return Scenario(dict(_ending(each.strip()) for each in words.split(";") if each.strip()))


def _ending(words: str) -> tuple[str, Ending]:
    match = _WORDS.fullmatch(words)
    if not match or not (match["run"] or match["happens"]):
        raise ValueError(f"{words!r} is not a sentence of this table")
    happens = match["happens"] or "is cancelled"
    return match["job"], Ending(
        _OUTCOMES[happens], _VERDICTS.get(happens, "pass"), match["step"] or "", match["platform"] or "",
        ends_run=bool(match["run"]),
    )  # fmt: skip
