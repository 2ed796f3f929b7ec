"""Where a finding is shown in a run: at its file and line, or at the Dockerfile that brought it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.report.finding_text import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from goldenpath.delivery.model.finding import Finding


class Place(NamedTuple):
    """A file of the repository, and a line of it from 1; 0 where none is meant."""

    file: str = ""
    line: int = 0


def place(finding: Finding, dockerfile: str) -> Place:
    """Return where `finding` is shown.

    What is in the image has no place in the repository: it is shown at the `dockerfile`, at the line that brought it in
    where that is known, else at the first one.
    """
    if finding.gate is Gate.GITLEAKS:
        return Place(finding.location.path, finding.location.line)
    return Place(dockerfile, (finding.origin.line if finding.origin else 0) or 1)


def places(findings: Iterable[Finding], dockerfile: str) -> dict[str, Place]:
    """Return the places of `findings`, by their sentences."""
    return {sentence(finding): place(finding, dockerfile) for finding in findings}


def chosen(warnings: Sequence[str], at_most: int) -> tuple[str, ...]:
    """Return the first of `warnings`, and in place of those that are too many the number of them."""
    if len(warnings) <= at_most:
        return tuple(warnings)
    shown = tuple(warnings[: at_most - 1])
    return (*shown, f"{len(warnings) - len(shown)} more are in the summary of this run and in its log.")
