"""Recovery of an apply that lost AWS half-way: what it made is taken into the state, what it locked is freed.

An apply writes a claim beside the state when it begins. By that claim a later run of the same pull request recognises a
lock that was left behind: applies run one after the other, so the run that held it has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import RegistryNameTaken
from goldenpath.registries import plans
from goldenpath.services import ecr_describe
from goldenpath.tools import terraform_lock

if TYPE_CHECKING:
    from goldenpath.errors import StateLocked
    from goldenpath.registries.claims import Claim
    from goldenpath.registries.planning import Workplace
    from goldenpath.tools.terraform import Plan


def freed(workplace: Workplace, error: StateLocked, claim: Claim | None) -> bool:
    """Free the lock that `error` tells of if the apply of `claim` left it behind; tell whether it was freed."""
    lock = terraform_lock.read(error)
    if claim is None or lock is None or not claim.left(lock):
        return False
    workplace.terraform.unlock(lock.id)
    return True


def reclaimed(workplace: Workplace, name: str, made: Plan) -> bool:
    """Take the repository `name` into the state if an apply made it and could not write that down; tell whether it did.

    It must carry every tag that the plan `made` would give it. Raises `RegistryNameTaken` for anybody else's.
    """
    creation = next(
        (each for each in made.changes if each.kind == plans.REPOSITORY and each.actions == ("create",)), None
    )
    found = ecr_describe.Reader(workplace.variables).describe(name) if creation else None
    if creation is None or found is None:
        return False
    wanted: dict[str, str] = creation.after.get("tags") or {}
    if not wanted or wanted.items() - found.tags.items():
        raise taken(workplace.environment, name)
    workplace.terraform.adopt(creation.address, name)
    return True


def taken(environment: str, name: str) -> RegistryNameTaken:
    """Return the error for a repository that is in ECR, and neither in Terraform's state nor of our making."""
    return RegistryNameTaken(
        f"ECR has a repository {name!a} in {environment} already",
        why="it is not in Terraform's state, so it was made by hand or by another system",
        fix="choose another name, or have the platform team import it into the state",
    )
