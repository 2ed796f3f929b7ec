"""Findings in one form for all scanners: the gates read only this form, whichever scanner made the report."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

FINDINGS_SCHEMA = "goldenpath.findings/1"


class Gate(StrEnum):
    """The two gates of the pipeline, named after their scanner."""

    GITLEAKS = "gitleaks"
    TRIVY = "trivy"

    @property
    def stage(self) -> str:
        """The stage that runs this gate."""
        return f"{self.value}-gate"


class Kind(StrEnum):
    """The kind of a finding. `blind-spot` is a file that a scanner cannot read, so its content is unknown."""

    SECRET = "secret"  # noqa: S105  a kind
    VULNERABILITY = "vulnerability"
    BLIND_SPOT = "blind-spot"


class Severity(StrEnum):
    """How bad a finding is; the most severe first. A secret is always `CRITICAL`."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    UNKNOWN = "UNKNOWN"

    @property
    def rank(self) -> int:
        """0 for the most severe."""
        return _RANKS[self]


_RANKS = {severity: number for number, severity in enumerate(Severity)}


class FixStatus(StrEnum):
    """What is known about a fix for a vulnerability, in trivy's words. `unknown` also stands for any other word."""

    FIXED = "fixed"
    AFFECTED = "affected"
    UNDER_INVESTIGATION = "under_investigation"
    FIX_DEFERRED = "fix_deferred"
    WILL_NOT_FIX = "will_not_fix"
    END_OF_LIFE = "end_of_life"
    UNKNOWN = "unknown"


# The statuses that say that no fix exists, each in words that follow "because" or stand in brackets.
NO_FIX = {
    FixStatus.AFFECTED: "no fix has been published",
    FixStatus.UNDER_INVESTIGATION: "it is still being investigated",
    FixStatus.FIX_DEFERRED: "the fix has been deferred",
    FixStatus.WILL_NOT_FIX: "its maintainers will not fix it",
    FixStatus.END_OF_LIFE: "this release of it is past its end of life",
}


class Package(Struct, frozen=True):
    """The package a vulnerability is in; `fixed` is empty where no fixed version is known, and `status` says why."""

    name: str
    version: str
    kind: str
    fixed: str = ""
    status: FixStatus = FixStatus.UNKNOWN

    @property
    def has_no_fix(self) -> bool:
        """Whether it is certain that no fixed version exists. An unknown status is no certainty."""
        return not self.fixed and self.status in NO_FIX


class Location(Struct, frozen=True):
    """Where a finding is: a path in the repository or in the image, a line (from 1; 0 = unknown), and the commit."""

    path: str
    line: int = 0
    commit: str = ""


class FindingOrigin(Struct, frozen=True):
    """What brought a finding into the image: the `base` image, or, where that is empty, an `instruction` of the app's.

    `line` is where in the Dockerfile the instruction, or the base image's `FROM`, begins; 0 where it is unknown.
    """

    base: str = ""
    line: int = 0
    instruction: str = ""

    @property
    def words(self) -> str:
        """It for people, as the rest of a sentence on a finding."""
        where = f"line {self.line} of the Dockerfile" if self.line else "the Dockerfile"
        if self.base:
            return f"from the base image {self.base}" + (f" ({where})" if self.line else "")
        return f"brought by {self.instruction} in {where}"


class Finding(Struct, frozen=True):
    """One thing a scanner found. It never holds a secret: `title` and `detail` come from redacted reports.

    `fingerprint` stays the same for the same finding from one scan to the next. `advice` is what to do about it where
    the rest does not tell. `in_history_only` is a secret that no checked-out file has, as far as the scan can tell.
    `origin` is there for what is in an image where it is known which layer has it. `published` is the day on which the
    vulnerability became known, in UTC; `None` where the database does not say. `platforms` are those whose image has
    it; empty where all have it, where there is one platform only, and where that is not known.
    """

    gate: Gate
    id: str
    severity: Severity
    title: str
    location: Location
    fingerprint: str
    detail: str = ""
    package: Package | None = None
    url: str = ""
    kind: Kind = Kind.SECRET
    advice: str = ""
    in_history_only: bool = False
    origin: FindingOrigin | None = None
    published: date | None = None
    platforms: tuple[str, ...] = ()

    @property
    def has_no_fix(self) -> bool:
        """Whether it is a vulnerability for which certainly no fixed version exists."""
        return self.package is not None and self.package.has_no_fix

    @property
    def brought_by_base(self) -> str:
        """The name of the base image that it is from; empty where it is the app's own, or that is not known."""
        return self.origin.base if self.origin else ""

    @property
    def remedy(self) -> str:
        """What to do about it, in one sentence."""
        if self.advice:
            return self.advice
        if self.package is None:
            return "Revoke this secret first, then take it out of the repository."
        if self.package.fixed:
            return f"Update {self.package.name} from {self.package.version} to {self.package.fixed}."
        reason = f" ({self.package.status}: {NO_FIX[self.package.status]})" if self.package.has_no_fix else ""
        return f"No fixed version of {self.package.name} is known{reason}: replace it or remove it."


class Scanner(Struct, frozen=True):
    """The program that looked, and where it came from (`release` or `go`)."""

    name: str
    version: str
    origin: str = ""


class Database(Struct, frozen=True):
    """A database of trivy's behind a report: when it was made, where it came from, and its file's SHA-256."""

    updated: datetime
    source: str = ""
    sha256: str = ""


class Findings(Struct, frozen=True):
    """A whole report: `subject` is what was scanned (a commit or a digest), `seen` says what was looked at.

    `notes` say what could not be looked at, or what deserves attention, a sentence each. `java_database` is there where
    the image holds Java archives and they were looked up in it.
    """

    gate: Gate
    scanner: Scanner
    subject: str
    seen: dict[str, str]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    database: Database | None = None
    java_database: Database | None = None
    schema: str = FINDINGS_SCHEMA

    def counts(self) -> dict[Severity, int]:
        """Return how many findings there are of each severity, all five named, the most severe first."""
        counted = dict.fromkeys(Severity, 0)
        for finding in self.findings:
            counted[finding.severity] += 1
        return counted
