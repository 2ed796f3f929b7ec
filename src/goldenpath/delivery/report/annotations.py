"""Place every finding for GitHub: at its file and line, or at the Dockerfile that brought it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.report.finding_text import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.delivery.model.finding import Finding


class AnnotationPlace(NamedTuple):
    """A file of the repository and a line in it, counted from 1; 0 for no line."""

    file: str = ""
    line: int = 0


def place(finding: Finding, dockerfile: str) -> AnnotationPlace:
    """Return where `finding` is shown.

    A finding in the image has no place in the repository: it is shown at the `dockerfile`, at the line that brought it
    in where that is known, else at the first line.
    """
    if finding.gate is Gate.GITLEAKS:
        return AnnotationPlace(finding.location.path, finding.location.line)
    return AnnotationPlace(dockerfile, (finding.origin.line if finding.origin else 0) or 1)


class Notice(NamedTuple):
    """A sentence that a run shows its user, and the place that it is about, where it has one."""

    text: str
    place: AnnotationPlace = AnnotationPlace()


def of_finding(finding: Finding, dockerfile: str) -> Notice:
    """Return `finding` for people, at its place."""
    return Notice(sentence(finding), place(finding, dockerfile))


def chosen(notices: Sequence[Notice], at_most: int) -> tuple[Notice, ...]:
    """Return at most `at_most` of `notices`; the last one then counts the notices that are left out."""
    if len(notices) <= at_most:
        return tuple(notices)
    shown = tuple(notices[: at_most - 1])
    return (*shown, Notice(f"{len(notices) - len(shown)} more are in the summary and the log of this run."))
