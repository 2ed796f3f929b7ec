"""What happens in the jobs of a run, in words: `gitleaks-gate blocks; push fails at Keep the receipt`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_WORDS = re.compile(
    r"(?:(?P<run>the run is cancelled) during )?(?P<job>[\w-]+)"
    r"(?: (?P<happens>fails|blocks|advises|is cancelled|times out))?(?: on (?P<platform>\S+))?(?: at (?P<step>.+))?"
)
# GitHub cancels a job that ran out of time.
_OUTCOMES = {
    "fails": "failure", "blocks": "failure", "advises": "success",
    "is cancelled": "cancelled", "times out": "cancelled",
}  # fmt: skip
_VERDICTS = {"blocks": "block", "advises": "advise"}


@dataclass(frozen=True)
class Turn:
    """What happens in one job: how its `step` ends (the main one when none is named), and what a gate says."""

    outcome: str = "success"
    verdict: str = "pass"
    step: str = ""
    platform: str = ""
    ends_run: bool = False


@dataclass(frozen=True)
class Story:
    """What happens in each job that is named; all is well in the others."""

    turns: Mapping[str, Turn] = field(default_factory=dict)

    def of(self, job: str, platform: str = "") -> Turn:
        """Return what happens in `job`, of a matrix in the one for `platform`."""
        turn = self.turns.get(job, Turn())
        return Turn() if turn.platform and turn.platform != platform else turn


def parse(words: str) -> Story:
    """Return the story that `words` tell; nothing special happens when there are none."""
    return Story(dict(_turn(each.strip()) for each in words.split(";") if each.strip()))


def _turn(words: str) -> tuple[str, Turn]:
    found = _WORDS.fullmatch(words)
    if not found or not (found["run"] or found["happens"]):
        raise ValueError(f"{words!r} is not a sentence of this table")
    happens = found["happens"] or "is cancelled"
    return found["job"], Turn(
        _OUTCOMES[happens], _VERDICTS.get(happens, "pass"), found["step"] or "", found["platform"] or "",
        ends_run=bool(found["run"]),
    )  # fmt: skip
