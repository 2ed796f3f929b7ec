"""The verdict of a gate. Advisory is a value of the verdict, not a swallowed exit status."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from goldenpath.delivery.model.exception import AppliedException
from goldenpath.delivery.model.finding import Gate, Scanner, Severity
from goldenpath.delivery.model.settled import AppliedSettlement
from goldenpath.shared.names import Digest
from goldenpath.shared.workflow_run import WorkflowRun

VERDICT_SCHEMA = "goldenpath.verdict/1"
# Where `seen` of gitleaks' verdict has the digest of all files that were checked out.
CHECKOUT = "checkout"
# The same, where it has the digest of the artifact's files that were in the build context beside the commit.
CONTEXT_ARTIFACT = "context_artifact"


class Mode(StrEnum):
    """Whether a gate stops a release or only reports."""

    ADVISORY = "advisory"
    BLOCKING = "blocking"


class Result(StrEnum):
    """`pass`: no finding must be fixed; otherwise `advise` from an advisory gate and `block` from a blocking one."""

    PASS = "pass"  # noqa: S105  the verdict, not a password
    ADVISE = "advise"
    BLOCK = "block"


class DatabaseSeen(Struct, frozen=True):
    """A database of trivy that a scan used: its date, its age in days, and its source.

    `sha256` is the hash of its file: it shows whether two verdicts used the same database.
    """

    updated: datetime
    age_days: int
    source: str
    sha256: str = ""


class Verdict(Struct, frozen=True):
    """A gate's decision on one `subject` (a commit or a digest) for one environment.

    `counts` has every severity; `deciding` is the number of findings that must be fixed under the platform's rules, as
    the app tightens them, and `decided_by` has their fingerprints; an exception accepts `accepted` findings.
    `would_block_in` lists the environments in which the same findings block. `notes` say what the scan could not see,
    or what deserves attention. `decided_at` is the moment of the decision; a release needs it, and a recent one.
    `unfixed` has the fingerprints of findings that do not decide only because nobody has fixed them.
    `settled` has every record of a settled secret, and what it was worth.
    `reviewed_on` is the branch that has the commit of the run's tag: gitleaks-gate says so where the environment takes
    tags only from certain branches. `java_database` is there where Java archives of the image were looked up in it.
    `policy` is the digest of the platform's rules that decided, of the file `environments.yaml`; `run` is the workflow
    run that wrote this, `None` on a command line.
    """

    gate: Gate
    environment: str
    mode: Mode
    result: Result
    subject: str
    scanner: Scanner
    seen: dict[str, str]
    counts: dict[Severity, int]
    deciding: int
    would_block_in: tuple[str, ...]
    accepted: int = 0
    exceptions: tuple[AppliedException, ...] = ()
    notes: tuple[str, ...] = ()
    database: DatabaseSeen | None = None
    decided_by: tuple[str, ...] = ()
    unfixed: tuple[str, ...] = ()
    settled: tuple[AppliedSettlement, ...] = ()
    reviewed_on: str = ""
    decided_at: Annotated[datetime, Meta(tz=True)] | None = None
    java_database: DatabaseSeen | None = None
    policy: Digest | None = None
    run: WorkflowRun | None = None
    schema: str = VERDICT_SCHEMA

    @property
    def sentence(self) -> str:
        """The verdict for people, in one line."""
        counted = ", ".join(f"{count} {severity.value.lower()}" for severity, count in self.counts.items() if count)
        decision = f"{self.gate}: {self.result.value.upper()} in {self.environment} ({self.mode})"
        text = f"{decision}; {counted or 'nothing'} found"
        if self.accepted:
            text += f", {self.accepted} accepted by exception"
        if settled := sum(record.counts for record in self.settled):
            text += f", {settled} settled"
        if self.unfixed:
            text += f", {len(self.unfixed)} without a fix reported only"
        if self.result is not Result.BLOCK and self.would_block_in:
            text += f"; would block in {', '.join(self.would_block_in)}"
        return text
