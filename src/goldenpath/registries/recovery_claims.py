"""That an apply began, and on which machine: written beside the state, where only the apply's role can write.

A later run of the same pull request recognises by it what an apply that broke half-way left behind: its lock, and a
repository that no state knows of. Comments of a pull request can be edited by everybody with write access.
"""

from __future__ import annotations

import datetime as dt
import socket
from typing import TYPE_CHECKING

import msgspec

from goldenpath.registries.aws.state_bucket import StateBucket
from goldenpath.registries.terraform import state_key

if TYPE_CHECKING:
    from goldenpath.registries.aws.state_bucket import Stored
    from goldenpath.registries.terraform.state_lock import Lock
    from goldenpath.registries.terraform.workspace import Workplace


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The apply of the pull request `pull` began on the machine `host` at `since`, by the clock of that machine.

    `first` is when it first began, whatever was run again since; `run` is the page of the run. A claim that has `ended`
    stands for an apply that left nothing behind.
    """

    pull: int
    run: str
    host: str
    since: dt.datetime
    first: dt.datetime
    ended: bool = False

    def left(self, lock: Lock) -> bool:
        """Return whether `lock` is one that the apply of this claim took."""
        return lock.is_for_apply and lock.who.rpartition("@")[2] == self.host and lock.created >= self.since


def of(workplace: Workplace, pull: int) -> Claim | None:
    """Return the claim that an unfinished apply of the pull request `pull` left; `None` when there is none.

    Raises what reading the state bucket does.
    """
    claim = _parsed(_bucket(workplace).read(_key(workplace, pull)))
    return claim if claim and claim.pull == pull and not claim.ended else None


def begin(workplace: Workplace, pull: int, run: str) -> Claim:
    """Write that the apply of the pull request `pull` begins here and now; return that claim.

    Raises `StateLocked` when another run does the same at this moment, and what writing to the state bucket does.
    """
    bucket, key, now = _bucket(workplace), _key(workplace, pull), dt.datetime.now(dt.UTC)
    stored = bucket.read(key)
    earlier = _parsed(stored)
    first = earlier.first if earlier and not earlier.ended else now
    claim = Claim(pull, run, socket.gethostname(), now, first)
    bucket.write(key, msgspec.json.encode(claim), stored)
    return claim


def end(workplace: Workplace, pull: int) -> None:
    """Write that the apply of the pull request `pull` left nothing behind. Raises as `begin` does."""
    bucket, key = _bucket(workplace), _key(workplace, pull)
    stored = bucket.read(key)
    claim = _parsed(stored)
    if claim and not claim.ended:
        bucket.write(key, msgspec.json.encode(msgspec.structs.replace(claim, ended=True)), stored)


def _bucket(workplace: Workplace) -> StateBucket:
    return StateBucket(workplace.bucket, workplace.variables)


def _key(workplace: Workplace, pull: int) -> str:
    return f"{state_key.load(workplace.checkout, workplace.environment)}.claims/{pull}.json"


def _parsed(stored: Stored | None) -> Claim | None:
    try:
        return msgspec.json.decode(stored.content, type=Claim) if stored else None
    except ValueError:
        return None
