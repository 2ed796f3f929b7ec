"""A settled secret: it was revoked, only history still has it, and a reviewed record makes the gate accept it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.delivery.model.finding import Gate, Kind

if TYPE_CHECKING:
    from goldenpath.delivery.model.finding import Finding


# Its fingerprint, rule and path.
Subject = tuple[str, str, str]


class Settlement(Struct, frozen=True):
    """One record: the secret, who settled it, when, and how (`reason`)."""

    fingerprint: str
    rule: str
    path: str
    reason: str
    settled_by: str
    settled_on: date

    def covers(self, finding: Finding) -> bool:
        """Tell whether this record is for `finding`. Its fingerprint, rule and path must all be those of the finding.

        Otherwise a reviewer could read `testdata/key.pem` and accept a secret in another file.
        """
        return self.subject == subject(finding)

    @property
    def subject(self) -> Subject:
        """The fields that identify the secret."""
        return self.fingerprint, self.rule, self.path


def subject(finding: Finding) -> Subject | None:
    """Return the subject that a record for `finding` has; `None` if it is no secret of gitleaks."""
    if finding.gate is not Gate.GITLEAKS or finding.kind is not Kind.SECRET:
        return None
    return finding.fingerprint, finding.id, finding.location.path


class SettledStanding(StrEnum):
    """The status of a record in a run."""

    SETTLED = "settled"
    IN_FILES = "in-files"
    PENDING = "pending"
    REFUSED = "refused"
    NOT_FOUND = "not-found"


class AppliedSettlement(Struct, frozen=True):
    """A record with its status in a verdict; `why_pending` is the reason why a pending one does not count yet."""

    settlement: Settlement
    standing: SettledStanding
    why_pending: str = ""

    @property
    def counts(self) -> bool:
        """Whether the gate accepts its secret."""
        return self.standing is SettledStanding.SETTLED

    @property
    def deserves_attention(self) -> bool:
        """Whether its secret was found, but the record does not count."""
        return self.standing not in {SettledStanding.SETTLED, SettledStanding.NOT_FOUND}

    @property
    def sentence(self) -> str:
        """The record for people, in one line."""
        record = self.settlement
        words = {
            SettledStanding.SETTLED: "is settled",
            SettledStanding.IN_FILES: "does not count: the secret is still in a checked-out file; remove it there",
            SettledStanding.PENDING: self.why_pending,
            SettledStanding.REFUSED: "does not count: the platform allows no settled secrets in this environment",
            SettledStanding.NOT_FOUND: "was not found in what this run scanned",
        }[self.standing]
        by = f"{record.settled_by} on {record.settled_on}: {record.reason}"
        return f"settled secret {record.rule} in {record.path} ({record.fingerprint}) {words}; {by}"
