"""An exception: it accepts one finding until a date, with a reason and an owner."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from msgspec import Struct

from goldenpath.delivery.model.finding import Finding, Gate

WARNED_AHEAD = timedelta(days=14)
# Which kind of place, and its name.
Place = tuple[str, str]
Subject = tuple[Gate, str, Place]


class ExceptionScope(Struct, frozen=True, omit_defaults=True):
    """The place of the finding: exactly one of a package, a path, or the fingerprint of one finding."""

    package: str = ""
    path: str = ""
    fingerprint: str = ""

    @property
    def place(self) -> Place:
        """The field that is set, and its value."""
        if self.fingerprint:
            return "fingerprint", self.fingerprint
        if self.path:
            return "path", self.path
        return "package", self.package.lower()

    def __str__(self) -> str:
        """Return it in words."""
        return next(f"{name} {getattr(self, name)}" for name in self.__struct_fields__ if getattr(self, name))


class Acceptance(Struct, frozen=True):
    """One exception as `.goldenpath.yml` has it; `expires` is the last day on which it counts."""

    gate: Gate
    id: str
    scope: ExceptionScope
    reason: str
    owner: str
    expires: date

    @property
    def subject(self) -> Subject:
        """The subject of this exception: it covers the findings that have it among their `subjects`, on any date."""
        return self.gate, self.id.lower(), self.scope.place

    def covers(self, finding: Finding) -> bool:
        """Tell whether this exception is for `finding`. Its date does not matter here."""
        return self.subject in subjects(finding)


def subjects(finding: Finding) -> tuple[Subject, ...]:
    """Return every subject that an exception for `finding` may have."""
    places = [("fingerprint", finding.fingerprint), ("path", finding.location.path)]
    if finding.package is not None:
        places.append(("package", finding.package.name.lower()))
    return tuple((finding.gate, finding.id.lower(), place) for place in places)


class Standing(StrEnum):
    """The status of an exception on the day of the verdict."""

    ACCEPTED = "accepted"
    EXPIRES_SOON = "expires-soon"
    EXPIRED = "expired"
    TOO_LONG = "too-long"
    PENDING = "pending"
    UNUSED = "unused"

    @property
    def counts(self) -> bool:
        """Whether the gate accepts its findings."""
        return self in {Standing.ACCEPTED, Standing.EXPIRES_SOON}


class AppliedException(Struct, frozen=True):
    """An exception with its status in a verdict; `findings` are the fingerprints of the findings that it covers.

    `why_pending` is the reason why an exception with the standing `pending` does not count yet.
    """

    acceptance: Acceptance
    standing: Standing
    findings: tuple[str, ...]
    why_pending: str = ""

    @property
    def sentence(self) -> str:
        """The exception for people, in one line."""
        entry = self.acceptance
        pending = self.why_pending or "is not reviewed yet and does not count"
        words = {
            Standing.ACCEPTED: f"accepted until {entry.expires}",
            Standing.EXPIRES_SOON: f"accepted, but only until {entry.expires}: renew it or fix the finding",
            Standing.EXPIRED: f"expired on {entry.expires} and counts no more",
            Standing.TOO_LONG: f"ends on {entry.expires}, later than the platform allows, and does not count",
            Standing.PENDING: pending,
            Standing.UNUSED: "is about nothing that was found: take it out",
        }[self.standing]
        return f"exception for {entry.id} ({entry.scope}) {words}; {entry.owner}: {entry.reason}"
