"""Terraform's two locks: the lock of a state, as an error describes it, and the lock file of the providers.

Sources: Terraform's `statemgr.LockInfo` (as JSON in the bucket, and as text in an error: one `Name: value` per line,
times in Go's format); Terraform's "Dependency Lock File".
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from goldenpath.shared import codec
from goldenpath.shared.errors import ProvidersUnlocked, StateLocked

if TYPE_CHECKING:
    from pathlib import Path

_FIELD = re.compile(r"^\s*(ID|Operation|Who|Created):[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
# The operations of an apply and of its recovery. Terraform does not name an import.
_OF_APPLY = frozenset({"OperationTypeApply", "OperationTypeInvalid", "untaint"})
_MICROSECONDS = 26
PROVIDER_LOCK_FILE = ".terraform.lock.hcl"
_BLOCK = re.compile(r"^ *provider\b", re.MULTILINE)
_PROVIDER = re.compile(r'^provider "(?P<name>[a-z0-9./_-]+)" \{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r'^ +version += "(?P<version>[0-9A-Za-z.+-]+)"$', re.MULTILINE)
_HASH = re.compile(r'^ +"(?P<hash>(?:h1:[A-Za-z0-9+/]{43}=|zh:[0-9a-f]{64}))",$', re.MULTILINE)
_SETUP = "docs/setup.md says how to make it: `terraform providers lock`"


class _LockObject(msgspec.Struct, rename="pascal"):
    id: str = msgspec.field(name="ID")
    operation: str
    who: str
    created: dt.datetime


@dataclass(frozen=True)
class StateLock:
    """A held lock: its id, its holder (`user@host`), since when (UTC), and for which operation of Terraform."""

    id: str
    who: str
    created: dt.datetime
    operation: str

    @property
    def is_for_apply(self) -> bool:
        """Whether an apply holds it, or what recovers one: an import, or the end of a taint."""
        return self.operation in _OF_APPLY

    @property
    def summary(self) -> str:
        """The lock in one line."""
        return f"lock {self.id}, held by {self.who} since {self.created.isoformat()}, for {self.operation}"


def state_locked(detail: str) -> StateLocked:
    """Return the error for the `detail` of Terraform's diagnostic, which is quoted when it has an unknown form."""
    lock = _parse_lock(detail)
    return StateLocked(
        "Terraform's state is locked by another run",
        why=lock.summary if lock else detail.strip(),
        fix="Wait for that run to end, then start this one again; if it died, "
        f"`terraform force-unlock {lock.id if lock else 'ID'}` in the environment's folder frees the state",
    )


def read_state_lock(content: bytes) -> StateLock | None:
    """Return the lock that the lock object with this `content` describes; `None` when it is something else."""
    try:
        lock = codec.decode(content, _LockObject)
    except ValueError:
        return None
    return StateLock(lock.id, lock.who, lock.created, lock.operation)


def _parse_lock(detail: str) -> StateLock | None:
    fields = dict(_FIELD.findall(detail))
    try:
        # Go writes nanoseconds, and the zone twice: 2026-11-21 06:50:29.342949376 +0000 UTC. Python reads microseconds.
        when = fields["Created"].removesuffix(" +0000 UTC")[:_MICROSECONDS]
        created = dt.datetime.fromisoformat(when).replace(tzinfo=dt.UTC)
        return StateLock(fields["ID"], fields["Who"].replace(" ", "_"), created, fields["Operation"])
    except (KeyError, ValueError):
        return None


@dataclass(frozen=True)
class LockedProvider:
    """A provider: its only allowed `version`, and the hashes that its package may have."""

    version: str
    hashes: tuple[str, ...]


def locked_providers(folder: Path) -> dict[str, LockedProvider]:
    """Return the locked providers of the Terraform configuration in `folder`, by their full names.

    Raises `ProvidersUnlocked` when there is no lock file, it cannot be read, or names none with a version and hashes.
    """
    # Without the file `init` takes the newest provider that fits: the apply could run another one than was reviewed.
    path = folder / PROVIDER_LOCK_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _unlocked(folder, "there is no such file") from None
    except (OSError, ValueError) as error:
        raise _unlocked(folder, f"it cannot be read: {error}") from error
    providers = {match["name"]: _provider(folder, match["name"], match["body"]) for match in _PROVIDER.finditer(text)}
    # Counted apart from the strict expression: a block that it does not match must not go unnoticed.
    if not providers or len(providers) != len(_BLOCK.findall(text)):
        raise _unlocked(folder, "it is not of the form that Terraform writes")
    return dict(sorted(providers.items()))


def _provider(folder: Path, name: str, body: str) -> LockedProvider:
    version, hashes = _VERSION.search(body), tuple(_HASH.findall(body))
    if not version or not hashes:
        raise _unlocked(folder, f"it has no version or no hash for {name}")
    return LockedProvider(version["version"], hashes)


def _unlocked(folder: Path, why: str) -> ProvidersUnlocked:
    return ProvidersUnlocked(
        f"The providers of {folder.parent.name}/{folder.name} are not locked, and Terraform was not started",
        why=f"{PROVIDER_LOCK_FILE}: {why}",
        fix=f"Commit the lock file of that folder; {_SETUP}",
    )
