"""How the findings of a run differ from those of the last release, as a scan of it with today's database saw it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.delivery.model.finding import Finding, Findings, Gate
from goldenpath.delivery.report.left_files import if_there
from goldenpath.shared.errors import BadInput

if TYPE_CHECKING:
    from datetime import datetime

    from goldenpath.delivery.model.last_release import LastRelease
    from goldenpath.delivery.model.work_folder import WorkFolder


class Novelty(StrEnum):
    """Whether the last release has a finding too."""

    NEW = "new"
    KNOWN = "known"


class ReleaseDifference(Struct, frozen=True):
    """The difference to the release in the image `subject`: the changes by fingerprint, and the findings that are gone.

    `environment` is where it was released; `database` is the day of the database of the re-scan, empty if unknown.
    `release` names the last release and its age, as far as they are known; `is_same` where this run built its image.
    """

    subject: str
    environment: str
    database: str
    changes: dict[str, Novelty]
    gone: tuple[Finding, ...]
    release: str = ""
    is_same: bool = False

    @property
    def sentence(self) -> str:
        """It for people, in one line."""
        counts = f"{self.count(Novelty.KNOWN)} known, {self.count(Novelty.NEW)} new, {len(self.gone)} gone"
        if not self.release:
            return f"{counts} since the release {self.subject[:19]} in {self.environment}"
        last = f"{self.environment}'s last release ({self.release})"
        return f"the same image as {last}" if self.is_same else f"{counts} since {last}"

    def count(self, novelty: Novelty) -> int:
        """Return how many findings of the run are of this `novelty`."""
        return sum(change is novelty for change in self.changes.values())

    def is_new(self, finding: Finding) -> bool:
        """Tell whether the last release lacks `finding`; a finding that is not in the image is never new."""
        return self.changes.get(finding.fingerprint) is Novelty.NEW


def since(released: WorkFolder, now: Findings) -> ReleaseDifference:
    """Return how `now` differs from what `goldenpath rescan` left in `released`.

    Raises `BadInput` when it left nothing readable, `EvidenceMismatch` for a file that somebody else wrote.
    """
    then = if_there(lambda: released.read_findings(Gate.TRIVY))
    verdict = if_there(lambda: released.read_verdict(Gate.TRIVY))
    if then is None or verdict is None:
        raise BadInput(
            f"There is no re-scan of a release in {released.path}",
            why="trivy.json and trivy.verdict.json are not there, or cannot be read",
            fix=f"First run `goldenpath rescan --work-dir {released.path}` with your environment and ECR repository",
        )
    day = verdict.database.updated.strftime("%Y-%m-%d") if verdict.database else ""
    last = if_there(released.read_release)
    changes, gone = compared(now, then)
    name = _in_words(last, verdict.decided_at) if last and last.digest == then.subject else ""
    is_same = then.subject == now.subject
    return ReleaseDifference(then.subject, verdict.environment, day, changes, gone, name, is_same)


def of_run(work: WorkFolder, now: Findings) -> ReleaseDifference | None:
    """Return how `now`, found by the run in `work`, differs from the release that `compare-release` scanned for it.

    Returns `None` when it scanned none. Raises `EvidenceMismatch` for a file that somebody else wrote.
    """
    released = work.released
    if released.evidence is not None and not released.evidence.digests:
        return None  # no job reported one, so whatever is in that folder is nobody's
    if if_there(released.read_release) is None:
        return None
    try:
        return since(released, now)
    except BadInput:
        return None


def _in_words(release: LastRelease, compared_at: datetime | None) -> str:
    """Return the name of the release, and how old it was when it was compared where that is known."""
    if release.pushed_at is None or compared_at is None:
        return release.tag
    days = (compared_at - release.pushed_at).days
    return f"{release.tag}, {'today' if days < 1 else '1 day ago' if days == 1 else f'{days} days ago'}"


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
