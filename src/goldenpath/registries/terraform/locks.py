"""The two locks of Terraform."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.errors import ProvidersUnlocked, StateLocked

if TYPE_CHECKING:
    from pathlib import Path

_FIELD = re.compile(r"^\s*(ID|Operation|Who|Created):[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_TOLD = re.compile(r"lock (?P<id>\S+), held by (?P<who>\S+) since (?P<created>\S+), for (?P<operation>\S+)")
_MICROSECONDS = 26
PROVIDER_LOCK_FILE = ".terraform.lock.hcl"
_BLOCK = re.compile(r"^ *provider\b", re.MULTILINE)
_PROVIDER = re.compile(r'^provider "(?P<name>[a-z0-9./_-]+)" \{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r'^ +version += "(?P<version>[0-9A-Za-z.+-]+)"$', re.MULTILINE)
_HASH = re.compile(r'^ +"(?P<hash>(?:h1:[A-Za-z0-9+/]{43}=|zh:[0-9a-f]{64}))",$', re.MULTILINE)
_SETUP = "docs/setup.md says how to make it: `terraform providers lock`"


@dataclass(frozen=True)
class StateLock:
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


def state_locked(detail: str) -> StateLocked:
    """Return the error for the `detail` of Terraform's diagnosis; what it does not hold in a known form is quoted."""
    lock = _parse_lock(detail)
    return StateLocked(
        "Terraform's state is locked by another run",
        why=lock.told if lock else detail.strip(),
        fix="wait for that run to end, then start this one again; if it died, "
        f"`terraform force-unlock {lock.id if lock else 'ID'}` in the environment's folder frees the state",
    )


def read_state_lock(error: StateLocked) -> StateLock | None:
    """Return the lock that `error` tells of; `None` when Terraform did not say enough of it."""
    found = _TOLD.search(error.why)
    return found and StateLock(
        found["id"], found["who"], dt.datetime.fromisoformat(found["created"]), found["operation"]
    )


def _parse_lock(detail: str) -> StateLock | None:
    told = dict(_FIELD.findall(detail))
    try:
        # Go's own form has nanoseconds and names the zone twice: 2026-11-21 06:50:29.342949376 +0000 UTC
        when = told["Created"].removesuffix(" +0000 UTC")[:_MICROSECONDS]
        created = dt.datetime.fromisoformat(when).replace(tzinfo=dt.UTC)
        return StateLock(told["ID"], told["Who"].replace(" ", "_"), created, told["Operation"])
    except (KeyError, ValueError):
        return None


@dataclass(frozen=True)
class LockedProvider:
    """A provider at the one `version` that is used, whose package has one of `hashes`."""

    version: str
    hashes: tuple[str, ...]


def locked_providers(folder: Path) -> dict[str, LockedProvider]:
    """Return the locked providers of the Terraform configuration in `folder`, by their full names.

    Raises `ProvidersUnlocked` when there is no lock file, it cannot be read, or names none with a version and hashes.
    """
    path = folder / PROVIDER_LOCK_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _unlocked(folder, "there is no such file") from None
    except (OSError, ValueError) as error:
        raise _unlocked(folder, f"it cannot be read: {error}") from error
    found = {each["name"]: _provider(folder, each["name"], each["body"]) for each in _PROVIDER.finditer(text)}
    if not found or len(found) != len(_BLOCK.findall(text)):
        raise _unlocked(folder, "it is not of the form that Terraform writes")
    return dict(sorted(found.items()))


def _provider(folder: Path, name: str, body: str) -> LockedProvider:
    version, hashes = _VERSION.search(body), tuple(_HASH.findall(body))
    if not version or not hashes:
        raise _unlocked(folder, f"it has no version or no hash for {name}")
    return LockedProvider(version["version"], hashes)


def _unlocked(folder: Path, why: str) -> ProvidersUnlocked:
    return ProvidersUnlocked(
        f"the providers of {folder.parent.name}/{folder.name} are not locked, and Terraform was not started",
        why=f"{PROVIDER_LOCK_FILE}: {why}",
        fix=f"commit the lock file of that folder; {_SETUP}",
    )
