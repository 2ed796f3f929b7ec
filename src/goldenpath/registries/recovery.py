"""Recovery of an apply that lost AWS half-way: what it made is taken into the state, what it locked is freed."""

from __future__ import annotations

import datetime as dt
import socket
from typing import TYPE_CHECKING

import msgspec

from goldenpath.errors import RegistryNameTaken
from goldenpath.registries import compliance
from goldenpath.registries.aws import ecr
from goldenpath.registries.aws.session import StateBucket
from goldenpath.registries.terraform import locks, plans, workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.errors import StateLocked
    from goldenpath.registries.aws.ecr import EcrDescription
    from goldenpath.registries.aws.session import StoredObject
    from goldenpath.registries.terraform.locks import StateLock
    from goldenpath.registries.terraform.plans import TerraformPlan
    from goldenpath.registries.terraform.workspace import TerraformWorkspace


def free_abandoned_lock(workplace: TerraformWorkspace, error: StateLocked, claim: ApplyClaim | None) -> bool:
    """Free the lock that `error` tells of if the apply of `claim` left it behind; tell whether it was freed."""
    lock = locks.read_state_lock(error)
    if claim is None or lock is None or not claim.left(lock):
        return False
    workplace.terraform.unlock(lock.id)
    return True


def adopt_orphan(workplace: TerraformWorkspace, name: str, made: TerraformPlan, claim: ApplyClaim | None) -> bool:
    """Take the repository `name` into the state if an apply made it and could not write that down; tell whether it did.

    `claim` is that of an earlier apply of the same pull request. A repository is taken for what that apply made when it
    is younger than the claim and carries every tag that the plan `made` would give it; and only while nobody did
    anything with it, as long as it holds no images and no policy of others. Raises `RegistryNameTaken` for anybody
    else's.
    """
    creation = next(
        (each for each in made.changes if each.kind == plans.REPOSITORY and each.actions == ("create",)), None
    )
    reader = ecr.PlatformEcr(workplace.variables)
    found = reader.describe(name) if creation else None
    if creation is None or found is None:
        return False
    described, images = made.repository_policies.get(name, ""), reader.images(name)
    if signs := foreign_signs(creation.after.get("tags") or {}, described, found, len(images), claim):
        raise name_taken(workplace.environment, name, signs)
    workplace.terraform.adopt(creation.address, name)
    return True


def foreign_signs(
    tags: Mapping[str, str], policy: str, found: EcrDescription, images: int, claim: ApplyClaim | None
) -> tuple[str, ...]:
    """Return in words what shows that the repository `found` is not what the apply of `claim` left behind.

    `tags` and `policy` are what the apply would have given it, `images` is how many it holds.
    """
    # ECR tells the second, and a claim the microsecond.
    earlier = claim is not None and found.created < claim.first.replace(microsecond=0)
    strange_policy = bool(found.policy) and bool(compliance.policy_deviations(found.policy, policy))
    signs = {
        "no apply of this pull request had begun": claim is None,
        "it was made before the apply of this pull request began": earlier,
        "it does not carry the tags of the plan": not tags or bool(tags.items() - found.tags.items()),
        f"it holds images ({images})": images > 0,
        "it has a repository policy that is not the planned one": strange_policy,
    }
    return tuple(sign for sign, is_there in signs.items() if is_there)


def name_taken(environment: str, name: str, signs: tuple[str, ...] = ()) -> RegistryNameTaken:
    """Return the error for a repository that is in ECR, and neither in Terraform's state nor of our making.

    `signs` say by what it is known as somebody else's.
    """
    return RegistryNameTaken(
        f"ECR has a repository {name!a} in {environment} already",
        why="; ".join(("it is not in Terraform's state, so it was made by hand or by another system", *signs)),
        fix="choose another name, or have the platform team import it into the state",
    )


class ApplyClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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

    def left(self, lock: StateLock) -> bool:
        """Return whether `lock` is one that the apply of this claim took."""
        return lock.is_for_apply and lock.who.rpartition("@")[2] == self.host and lock.created >= self.since


def unfinished_claim(workplace: TerraformWorkspace, pull: int) -> ApplyClaim | None:
    """Return the claim that an unfinished apply of the pull request `pull` left; `None` when there is none.

    Raises what reading the state bucket does.
    """
    claim = _parse_claim(_claim_bucket(workplace).read(_claim_key(workplace, pull)))
    return claim if claim and claim.pull == pull and not claim.ended else None


def begin_claim(workplace: TerraformWorkspace, pull: int, run: str) -> ApplyClaim:
    """Write that the apply of the pull request `pull` begins here and now; return that claim.

    Raises `StateLocked` when another run does the same at this moment, and what writing to the state bucket does.
    """
    bucket, key, now = _claim_bucket(workplace), _claim_key(workplace, pull), dt.datetime.now(dt.UTC)
    stored = bucket.read(key)
    earlier = _parse_claim(stored)
    first = earlier.first if earlier and not earlier.ended else now
    claim = ApplyClaim(pull, run, socket.gethostname(), now, first)
    bucket.write(key, msgspec.json.encode(claim), stored)
    return claim


def end_claim(workplace: TerraformWorkspace, pull: int) -> None:
    """Write that the apply of the pull request `pull` left nothing behind. Raises as `begin` does."""
    bucket, key = _claim_bucket(workplace), _claim_key(workplace, pull)
    stored = bucket.read(key)
    claim = _parse_claim(stored)
    if claim and not claim.ended:
        bucket.write(key, msgspec.json.encode(msgspec.structs.replace(claim, ended=True)), stored)


def _claim_bucket(workplace: TerraformWorkspace) -> StateBucket:
    return StateBucket(workplace.bucket, workplace.variables)


def _claim_key(workplace: TerraformWorkspace, pull: int) -> str:
    return f"{workspace.load_state_key(workplace.checkout, workplace.environment)}.claims/{pull}.json"


def _parse_claim(stored: StoredObject | None) -> ApplyClaim | None:
    try:
        return msgspec.json.decode(stored.content, type=ApplyClaim) if stored else None
    except ValueError:
        return None
