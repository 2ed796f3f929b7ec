"""The text of the issue about a delivery, as Markdown in which nothing a stranger wrote is markup or a mention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.notifications.notification import ReportedEnd
from goldenpath.delivery.report import job_summary
from goldenpath.delivery.report.job_summary import Ending

if TYPE_CHECKING:
    from goldenpath.delivery.notifications.notification import RunPages
    from goldenpath.delivery.report.job_summary import Facts

_WORDS = {ReportedEnd.BLOCKED: "is blocked", ReportedEnd.FAILED: "fails"}
_KEPT = "This issue is kept up to date by each run and closed by the next release. A comment of yours stays as it is."


def title(end: ReportedEnd, ecr_repository: str, environment: str) -> str:
    """Return the title of the issue about a delivery that did not release."""
    return f"The delivery of {ecr_repository} to {environment} {_WORDS[end]}"


def body(end: ReportedEnd, facts: Facts, pages: RunPages) -> str:
    """Return the text of the issue about a delivery that did not release.

    What the run's files say is shown where it explains the end: a job without files, like the app's tests, may have
    failed beside gates that found nothing.
    """
    did = "was blocked" if end is ReportedEnd.BLOCKED else "failed"
    parts = [f"The delivery of {facts.commit[:7]} to {facts.environment} {did}: [the run]({pages.run})."]
    if pages.report:
        parts[0] += f" [Its reports]({pages.report})."
    if facts.ending in {Ending.BLOCKED, Ending.FAILED} and facts.timings.stages:
        parts.append(job_summary.render(facts, limit=job_summary.COMMENT_LIMIT))
    elif facts.contact:
        parts.append(job_summary.who_can_help(facts.contact))
    return "\n\n".join((*parts, _KEPT))


def resolved(facts: Facts, pages: RunPages) -> str:
    """Return the comment that closes the issue."""
    return f"{facts.commit[:7]} is released to {facts.environment}: [the run]({pages.run})."
