"""How the findings of a run differ from those of the last release, as a re-scan with today's database saw it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.delivery.model.finding import Finding, Findings, Gate
from goldenpath.delivery.report import run_facts
from goldenpath.shared.errors import BadInput

if TYPE_CHECKING:
    from goldenpath.delivery.model.work_folder import WorkFolder


class Novelty(StrEnum):
    """Whether the last release has a finding too."""

    NEW = "new"
    KNOWN = "known"


class ReleaseDifference(Struct, frozen=True):
    """The difference to the release in the image `subject`: the changes by fingerprint, and the findings that are gone.

    `environment` is where it was released; `database` is the day of the database of the re-scan, empty if unknown.
    """

    subject: str
    environment: str
    database: str
    changes: dict[str, Novelty]
    gone: tuple[Finding, ...]

    @property
    def sentence(self) -> str:
        """It for people, in one line."""
        changes = [*self.changes.values()]
        counts = f"{changes.count(Novelty.NEW)} new, {changes.count(Novelty.KNOWN)} known, {len(self.gone)} gone"
        scanned = f", scanned again with the database of {self.database}" if self.database else ""
        return f"{counts} since the release {self.subject[:19]} in {self.environment}{scanned}"


def since(released: WorkFolder, now: Findings) -> ReleaseDifference:
    """Return how `now` differs from what `goldenpath rescan` left in `released`.

    Raises `BadInput` when it left nothing readable.
    """
    then = run_facts.if_there(lambda: released.read_findings(Gate.TRIVY))
    verdict = run_facts.if_there(lambda: released.read_verdict(Gate.TRIVY))
    if then is None or verdict is None:
        raise BadInput(
            f"There is no re-scan of a release in {released.path}",
            why="trivy.json and trivy.verdict.json are not there, or cannot be read",
            fix=f"First run `goldenpath rescan --work-dir {released.path}` with your environment and ECR repository",
        )
    day = verdict.database.updated.strftime("%Y-%m-%d") if verdict.database else ""
    changes, gone = compared(now, then)
    return ReleaseDifference(then.subject, verdict.environment, day, changes, gone)


def compared(now: Findings, then: Findings) -> tuple[dict[str, Novelty], tuple[Finding, ...]]:
    """Return the change of every finding of `now` by fingerprint, and the findings that only `then` has."""
    before, after = ({_identity(finding) for finding in report.findings} for report in (then, now))
    changes = {
        finding.fingerprint: Novelty.KNOWN if _identity(finding) in before else Novelty.NEW for finding in now.findings
    }
    return changes, tuple(finding for finding in then.findings if _identity(finding) not in after)


def _identity(finding: Finding) -> tuple[str, ...]:
    # A fingerprint has the version: an update that fixes nothing would be a finding gone and a new one.
    if finding.package is None:
        return (finding.fingerprint,)
    return (finding.id, finding.package.kind, finding.package.name)
