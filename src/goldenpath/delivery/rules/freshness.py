"""Check the age of a verdict before the release: an approval or a re-run may come weeks after the scan."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from goldenpath.delivery.model.verdict import Mode
from goldenpath.shared.errors import VerdictExpired

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from goldenpath.delivery.model.verdict import Verdict
    from goldenpath.delivery.rules.matrix import Environment

# How far the clocks of two runners may differ.
CLOCK_SKEW = timedelta(hours=1)


def require_fresh(verdict: Verdict, environment: Environment, now: datetime) -> tuple[str, ...]:
    """Return a warning for everything that has expired since an advisory gate decided.

    Raises `VerdictExpired` when the verdict is older than `environment` allows or is dated in the future, and when an
    exception or a database of the verdict has expired since a blocking gate decided.
    """
    if untimely := _untimely(verdict, environment, now):
        raise _expired(verdict, untimely)
    ended = tuple(_ended(verdict, environment, now))
    if ended and verdict.mode is Mode.BLOCKING:
        raise _expired(verdict, "; ".join(ended))
    return tuple(f"{verdict.gate}: {sentence}" for sentence in ended)


def _untimely(verdict: Verdict, environment: Environment, now: datetime) -> str:
    """Return the reason why the time of the decision is refused; empty when it is accepted."""
    decided = verdict.decided_at
    if decided is None:
        return "it does not say when it was decided"
    if decided > now + CLOCK_SKEW:
        return f"it is dated {decided:%Y-%m-%d %H:%M} UTC, which is in the future"
    if now - decided > environment.verdict_age:
        allowed = _hours(environment.verdict_age)
        return f"it was decided {_hours(now - decided)} hours ago, and {environment.name} allows {allowed}"
    return ""


def _ended(verdict: Verdict, environment: Environment, now: datetime) -> Iterator[str]:
    """Yield the exceptions and databases of the verdict that have expired."""
    for exception in verdict.exceptions:
        if exception.standing.counts and exception.acceptance.expires < now.date():
            yield f"the exception for {exception.acceptance.id} ended on {exception.acceptance.expires}"
    for name, database, limit in (
        ("vulnerability", verdict.database, environment.database_age),
        ("Java", verdict.java_database, environment.java_database_age),
    ):
        if database is not None and (age := now - database.updated) > limit:
            yield f"its {name} database is {age.days} days old, and {limit.days} are allowed"


def _hours(age: timedelta) -> int:
    return int(age / timedelta(hours=1))


def _expired(verdict: Verdict, why: str) -> VerdictExpired:
    return VerdictExpired(
        f"The verdict of {verdict.gate} no longer counts in {verdict.environment}",
        why=f"{why[0].upper()}{why[1:]}",
        fix='Choose "Re-run all jobs", so that the commit is scanned with today\'s database. "Re-run failed jobs" '
        "keeps the old verdict",
    )
