"""Recovery of an apply that lost AWS half-way: what it made is taken into the state, what it locked is freed.

An apply writes a claim beside the state when it begins. By that claim a later run of the same pull request recognises a
lock that was left behind: applies run one after the other, so the run that held it has ended. By it a repository of no
state is known too: one that is older than the claim was not made by the apply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import RegistryNameTaken
from goldenpath.registries import repository_policy
from goldenpath.registries.aws import ecr
from goldenpath.registries.terraform import plans, state_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.errors import StateLocked
    from goldenpath.registries.aws.ecr import Described
    from goldenpath.registries.recovery_claims import Claim
    from goldenpath.registries.terraform.plan_json import Plan
    from goldenpath.registries.terraform.workspace import Workplace


def freed(workplace: Workplace, error: StateLocked, claim: Claim | None) -> bool:
    """Free the lock that `error` tells of if the apply of `claim` left it behind; tell whether it was freed."""
    lock = state_lock.read(error)
    if claim is None or lock is None or not claim.left(lock):
        return False
    workplace.terraform.unlock(lock.id)
    return True


def reclaimed(workplace: Workplace, name: str, made: Plan, claim: Claim | None) -> bool:
    """Take the repository `name` into the state if an apply made it and could not write that down; tell whether it did.

    `claim` is that of an earlier apply of the same pull request. A repository is taken for what that apply made when it
    is younger than the claim and carries every tag that the plan `made` would give it; and only while nobody did
    anything with it, as long as it holds no images and no policy of others. Raises `RegistryNameTaken` for anybody
    else's.
    """
    creation = next(
        (each for each in made.changes if each.kind == plans.REPOSITORY and each.actions == ("create",)), None
    )
    reader = ecr.Reader(workplace.variables)
    found = reader.describe(name) if creation else None
    if creation is None or found is None:
        return False
    described, images = made.repository_policies.get(name, ""), reader.images(name)
    if signs := foreign_signs(creation.after.get("tags") or {}, described, found, len(images), claim):
        raise taken(workplace.environment, name, signs)
    workplace.terraform.adopt(creation.address, name)
    return True


def foreign_signs(
    tags: Mapping[str, str], policy: str, found: Described, images: int, claim: Claim | None
) -> tuple[str, ...]:
    """Return in words what shows that the repository `found` is not what the apply of `claim` left behind.

    `tags` and `policy` are what the apply would have given it, `images` is how many it holds.
    """
    # ECR tells the second, and a claim the microsecond.
    earlier = claim is not None and found.created < claim.first.replace(microsecond=0)
    strange_policy = bool(found.policy) and bool(repository_policy.deviations(found.policy, policy))
    signs = {
        "no apply of this pull request had begun": claim is None,
        "it was made before the apply of this pull request began": earlier,
        "it does not carry the tags of the plan": not tags or bool(tags.items() - found.tags.items()),
        f"it holds images ({images})": images > 0,
        "it has a repository policy that is not the planned one": strange_policy,
    }
    return tuple(sign for sign, is_there in signs.items() if is_there)


def taken(environment: str, name: str, signs: tuple[str, ...] = ()) -> RegistryNameTaken:
    """Return the error for a repository that is in ECR, and neither in Terraform's state nor of our making.

    `signs` say by what it is known as somebody else's.
    """
    return RegistryNameTaken(
        f"ECR has a repository {name!a} in {environment} already",
        why="; ".join(("it is not in Terraform's state, so it was made by hand or by another system", *signs)),
        fix="choose another name, or have the platform team import it into the state",
    )
