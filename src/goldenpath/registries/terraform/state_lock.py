"""Who holds the lock of a state, as Terraform tells it to those who have to wait.

Source: Terraform's own words, `statemgr.LockInfo.String`: one `Name: value` a line, times as Go writes them.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from goldenpath.errors import StateLocked

_FIELD = re.compile(r"^\s*(ID|Operation|Who|Created):[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_TOLD = re.compile(r"lock (?P<id>\S+), held by (?P<who>\S+) since (?P<created>\S+), for (?P<operation>\S+)")
_MICROSECONDS = 26


@dataclass(frozen=True)
class Lock:
    """A held lock: its id, who holds it (`user@host`), since when (UTC), and for which operation of Terraform."""

    id: str
    who: str
    created: dt.datetime
    operation: str

    @property
    def is_for_apply(self) -> bool:
        """Whether an apply holds it (a plan holds one too, for a short while)."""
        return self.operation == "OperationTypeApply"

    @property
    def told(self) -> str:
        """The lock in a few words, which `read` reads again."""
        return f"lock {self.id}, held by {self.who} since {self.created.isoformat()}, for {self.operation}"


def locked(detail: str) -> StateLocked:
    """Return the error for the `detail` of Terraform's diagnosis; what it does not hold in a known form is quoted."""
    lock = _parsed(detail)
    return StateLocked(
        "Terraform's state is locked by another run",
        why=lock.told if lock else detail.strip(),
        fix="wait for that run to end, then start this one again; if it died, "
        f"`terraform force-unlock {lock.id if lock else 'ID'}` in the environment's folder frees the state",
    )


def read(error: StateLocked) -> Lock | None:
    """Return the lock that `error` tells of; `None` when Terraform did not say enough of it."""
    found = _TOLD.search(error.why)
    return found and Lock(found["id"], found["who"], dt.datetime.fromisoformat(found["created"]), found["operation"])


def _parsed(detail: str) -> Lock | None:
    told = dict(_FIELD.findall(detail))
    try:
        # Go's own form has nanoseconds and names the zone twice: 2026-11-21 06:50:29.342949376 +0000 UTC
        when = told["Created"].removesuffix(" +0000 UTC")[:_MICROSECONDS]
        created = dt.datetime.fromisoformat(when).replace(tzinfo=dt.UTC)
        return Lock(told["ID"], told["Who"].replace(" ", "_"), created, told["Operation"])
    except (KeyError, ValueError):
        return None
