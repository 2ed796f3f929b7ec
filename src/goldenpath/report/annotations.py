"""Where a finding is shown in a run: at its file and line, or at the Dockerfile that brought it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from goldenpath.model.finding import Gate
from goldenpath.report.summary import line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.model.finding import Finding

# GitHub shows ten of a level and step ("Workflow commands", limits of check runs); the others would only fill the log.
SHOWN_AT_MOST = 10


class Place(NamedTuple):
    """A file of the repository, and a line of it from 1; 0 where none is meant."""

    file: str = ""
    line: int = 0


def place(finding: Finding, dockerfile: str) -> Place:
    """Return where `finding` is shown; a vulnerability has no place in the repository but the `dockerfile`."""
    if finding.gate is Gate.GITLEAKS:
        return Place(finding.location.path, finding.location.line)
    return Place(dockerfile, 1)


def places(findings: Iterable[Finding], dockerfile: str) -> dict[str, Place]:
    """Return the place of each of `findings`, by its line for people."""
    return {line(each): place(each, dockerfile) for each in findings}
