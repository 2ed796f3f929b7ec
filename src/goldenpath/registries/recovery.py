"""Recovery of an apply that lost AWS half-way: its repository is imported into the state, its lock is released.

What it left of a change is recognized by the reviewed plan (`plans.ending_digests`,
docs/adr/0046-what-an-interrupted-apply-leaves.md).

An apply writes a claim beside the state before it changes anything. By that claim a later run of the same pull request
recognizes what it left behind. Only the apply role can write there; a comment or a label of the pull request can be
edited by everybody with write access (docs/adr/0015-who-asked.md).
"""

from __future__ import annotations

import datetime as dt
import socket
from typing import TYPE_CHECKING

import msgspec

from goldenpath.registries import compliance
from goldenpath.registries.aws import ecr
from goldenpath.registries.aws.session import StateBucket
from goldenpath.registries.terraform import locks, plans
from goldenpath.shared import codec
from goldenpath.shared.errors import RegistryNameTaken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.registries.aws.ecr import EcrDescription
    from goldenpath.registries.aws.session import StoredObject
    from goldenpath.registries.terraform.locks import StateLock
    from goldenpath.registries.terraform.planning import TerraformWorkspace
    from goldenpath.registries.terraform.plans import TerraformPlan


class ApplyClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The apply of the pull request `pull` began on the machine `host` at `since`, by the clock of that machine.

    `first` is the time of the first attempt, and `run` the page of the latest one. With `ended` the apply left nothing
    behind.
    """

    pull: int
    run: str
    host: str
    since: dt.datetime
    first: dt.datetime
    ended: bool = False

    def left(self, lock: StateLock) -> bool:
        """Return whether the apply of this claim took `lock`."""
        # The host is not proof enough: a person may lock the state from the same machine, before or for a plan. The
        # times compare because Terraform writes `created` by the clock of the same host.
        return lock.is_for_apply and lock.who.rpartition("@")[2] == self.host and lock.created >= self.since


def unfinished_claim(workspace: TerraformWorkspace, pull: int) -> ApplyClaim | None:
    """Return the claim that an unfinished apply of the pull request `pull` left; `None` when there is none.

    Raises the errors of reading the state bucket.
    """
    claim = _parse_claim(_claim_bucket(workspace).read(_claim_key(workspace, pull)))
    # The number is compared too: whoever copies the object of another pull request gains nothing.
    return claim if claim and claim.pull == pull and not claim.ended else None


def begin_claim(workspace: TerraformWorkspace, pull: int, run: str) -> ApplyClaim:
    """Record that the apply of the pull request `pull` begins here and now; return that claim.

    Raises `StateLocked` when another run does the same at this moment, and the errors of the state bucket.
    """
    bucket, key, now = _claim_bucket(workspace), _claim_key(workspace, pull), dt.datetime.now(dt.UTC)
    stored = bucket.read(key)
    earlier = _parse_claim(stored)
    # `first` survives re-runs: a repository that the first attempt created is older than the second attempt.
    first = earlier.first if earlier and not earlier.ended else now
    claim = ApplyClaim(pull, run, socket.gethostname(), now, first)
    bucket.write(key, msgspec.json.encode(claim), stored)
    return claim


def end_claim(workspace: TerraformWorkspace, pull: int) -> None:
    """Record that the apply of the pull request `pull` left nothing behind. Raises as `begin_claim` does."""
    bucket, key = _claim_bucket(workspace), _claim_key(workspace, pull)
    stored = bucket.read(key)
    claim = _parse_claim(stored)
    if claim and not claim.ended:
        bucket.write(key, msgspec.json.encode(msgspec.structs.replace(claim, ended=True)), stored)


def resume(workspace: TerraformWorkspace, pull: int, run: str) -> ApplyClaim | None:
    """Prepare to go on with the apply that the pull request `pull` began; return its claim, `None` without one.

    A lock that it left is released. The claim is written again, so that locks of this run are known by it as well.
    Raises as `begin_claim` does, and `TerraformFailed`.
    """
    claim = unfinished_claim(workspace, pull)
    if claim:
        free_abandoned_lock(workspace, claim)
        begin_claim(workspace, pull, run)
    return claim


def free_abandoned_lock(workspace: TerraformWorkspace, claim: ApplyClaim) -> bool:
    """Release the lock of the state if the apply of `claim` left it behind; tell whether it was released."""
    stored = _claim_bucket(workspace).read(workspace.lock_key)
    lock = locks.read_state_lock(stored.content) if stored else None
    # The workflow runs one apply of an environment at a time (its `concurrency` group), so the run that took this lock
    # has ended. Without a claim nothing proves whose lock it is: `force-unlock` on a live one corrupts the state.
    if lock is None or not claim.left(lock):
        return False
    workspace.initialized().unlock(lock.id)
    return True


def adopt_orphan(workspace: TerraformWorkspace, name: str, plan: TerraformPlan, claim: ApplyClaim | None) -> bool:
    """Import the repository `name` if the apply of `claim` created it and could not save the state; tell whether.

    `claim` is that of an earlier apply of the same pull request. Raises `RegistryNameTaken` for a repository that
    somebody else made.
    """
    creation = next(
        (change for change in plan.changes if change.kind == plans.REPOSITORY and change.actions == ("create",)), None
    )
    client = ecr.PlatformEcr(workspace.variables)
    repository = client.describe(name) if creation else None
    if creation is None or repository is None:
        return False
    policy, images = plan.repository_policies.get(name, ""), client.images(name)
    if signs := foreign_signs(creation.after.get("tags") or {}, policy, repository, len(images), claim):
        raise name_taken(workspace.environment, name, signs)
    workspace.terraform.import_resource(creation.address, name)
    return True


def foreign_signs(
    tags: Mapping[str, str], policy: str, repository: EcrDescription, images: int, claim: ApplyClaim | None
) -> tuple[str, ...]:
    """Return a sentence for everything that shows that the apply of `claim` did not create `repository`.

    `tags` and `policy` are what that apply would have set; `images` is how many the repository holds.
    """
    # ECR reports the creation to the second, a claim has microseconds.
    is_older = claim is not None and repository.created < claim.first.replace(microsecond=0)
    other_policy = bool(repository.policy) and bool(compliance.policy_deviations(repository.policy, policy))
    # Time does not prove it: somebody may have created a repository of this name during the outage. One with
    # images or a foreign policy is in use by others, and importing it would give it away.
    signs = {
        "no apply of this pull request had begun": claim is None,
        "it was made before the apply of this pull request began": is_older,
        "it does not carry the tags of the plan": not tags or bool(tags.items() - repository.tags.items()),
        f"it holds images ({images})": images > 0,
        "it has a repository policy that is not the planned one": other_policy,
    }
    return tuple(sign for sign, applies in signs.items() if applies)


def name_taken(environment: str, name: str, signs: tuple[str, ...] = ()) -> RegistryNameTaken:
    """Return the error for a repository that ECR has, and that is neither in Terraform's state nor ours."""
    return RegistryNameTaken(
        f"ECR has a repository {name!a} in {environment} already",
        why="; ".join(("it is not in Terraform's state, so it was made by hand or by another system", *signs)),
        fix="Choose another name, or adopt it: start create-ecr-registry with `adopt`",
    )


def _claim_bucket(workspace: TerraformWorkspace) -> StateBucket:
    return StateBucket(workspace.bucket, workspace.variables)


def _claim_key(workspace: TerraformWorkspace, pull: int) -> str:
    return f"{workspace.state_key}.claims/{pull}.json"


def _parse_claim(stored: StoredObject | None) -> ApplyClaim | None:
    try:
        return codec.decode(stored.content, ApplyClaim) if stored else None
    except ValueError:
        # Not one of ours: then there is no claim, and nothing is freed or imported by it.
        return None
