"""The message about a finished delivery: how it ended, from the delivery's outputs, and what its files say of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.delivery.model.delivery_outputs import DeliveryVerdict, JobResult
from goldenpath.delivery.model.finding import Severity
from goldenpath.delivery.report import finding_groups
from goldenpath.policy.contact import Contact

if TYPE_CHECKING:
    from goldenpath.delivery.report.job_summary import Facts

NOTIFICATION_SCHEMA = "goldenpath.notification/1"


class ReportedEnd(StrEnum):
    """How a delivery ended, as far as anybody is notified of it."""

    RELEASED = "released"
    BLOCKED = "blocked"
    FAILED = "failed"


def end_of(result: JobResult | None, verdict: DeliveryVerdict, *, released: bool) -> ReportedEnd | None:
    """Return how a delivery ended whose job has this `result`, and these outputs.

    `None`: nothing to report. It was cancelled or skipped, or it only checked: a check says nothing about releases.
    """
    if result is JobResult.FAILURE:
        return ReportedEnd.BLOCKED if verdict is DeliveryVerdict.BLOCK else ReportedEnd.FAILED
    return ReportedEnd.RELEASED if result is JobResult.SUCCESS and released else None


@dataclass(frozen=True)
class RunPages:
    """Where people look at a run: `report` is the page of its reports, empty where it left none."""

    run: str
    report: str = ""


class Notification(Struct, frozen=True):
    """What a webhook is sent. Texts are plain text that the app may have written: escape them where they are shown.

    `image` is the address of the released image by digest; it, `digest` and `tags` are empty where there is none.
    `counts` has the findings of both gates by severity, `to_fix` is the number of those that must be fixed, and
    `top_change` the change that fixes most of them. `issue_url` is empty where no issue was written.
    """

    end: ReportedEnd
    verdict: DeliveryVerdict
    environment: str
    repository: str
    ecr_repository: str
    commit: str
    ref: str
    run_url: str
    report_url: str
    image: str
    digest: str
    tags: tuple[str, ...]
    counts: dict[Severity, int]
    to_fix: int
    top_change: str
    issue_url: str
    contact: Contact | None
    schema: str = NOTIFICATION_SCHEMA


@dataclass(frozen=True)
class DeliverySubject:
    """What was delivered: `ref` of the app's `repository` (`owner/name`), to `ecr_repository`."""

    repository: str
    ecr_repository: str
    ref: str


def notification(
    end: ReportedEnd,
    verdict: DeliveryVerdict,
    about: DeliverySubject,
    facts: Facts,
    pages: RunPages,
    issue_url: str = "",
) -> Notification:
    """Return the message about a delivery with these `facts`."""
    receipt, is_released = facts.receipt, end is ReportedEnd.RELEASED
    candidate = facts.candidate.digest if facts.candidate else ""
    counted = [verdict.counts for verdict in facts.verdicts.values()]
    return Notification(
        end=end,
        verdict=verdict,
        environment=facts.environment,
        repository=about.repository,
        ecr_repository=about.ecr_repository,
        commit=facts.commit,
        ref=about.ref,
        run_url=pages.run,
        report_url=pages.report,
        image=receipt.reference if receipt and is_released else "",
        digest=receipt.digest if receipt and is_released else candidate,
        tags=tuple(move.tag for move in receipt.tags) if receipt and is_released else (),
        counts={severity: sum(counts.get(severity, 0) for counts in counted) for severity in Severity},
        to_fix=sum(verdict.deciding for verdict in facts.verdicts.values()),
        top_change=finding_groups.best_change(facts.to_fix) or (facts.to_fix[0].remedy if facts.to_fix else ""),
        issue_url=issue_url,
        contact=facts.contact,
    )
