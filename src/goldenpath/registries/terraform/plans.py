"""What makes a plan the one that was reviewed, and what a plan for one registry may do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from goldenpath.errors import PlanDrifted, PlanUnexpected
from goldenpath.model.names import Digest

if TYPE_CHECKING:
    from collections.abc import Collection

    from goldenpath.registries.terraform.plan_json import Change, Plan

REPOSITORY = "aws_ecr_repository"
# Which form of digest a reviewed plan was recorded with: 1 does not cover what it reads, providers and the region.
FORM = 2


def target(name: str) -> str:
    """Return the address of the registry `name` in an environment's root module."""
    return f'module.ecr_repositories["{name}"]'


def plan_digest(plan: Plan, environment: str) -> Digest:
    """Return the identity of what `plan` would do in `environment`: every change, with its values before and after.

    Two plans with one digest do the same in the same environment and region, read the same, and were made of the same
    configuration, with the same providers, down to their locked hashes. Neither the time, nor Terraform's version, nor
    the order of the resources, nor values that are unknown until the apply are part of it.
    """
    changes = sorted(change_digests(plan, environment))
    return Digest.of(json.dumps([*_surroundings(plan, environment), changes]).encode())


def change_digests(plan: Plan, environment: str) -> tuple[Digest, ...]:
    """Return the identity of each change that `plan` would make in `environment`."""
    around = _surroundings(plan, environment)
    listed = [[*around, each.address, each.kind, each.provider, list(each.actions), each.before, each.after]
              for each in _sorted(plan)]  # fmt: skip
    return tuple(Digest.of(json.dumps(each, sort_keys=True, separators=(",", ":")).encode()) for each in listed)


def require_reviewed(plan: Plan, environment: str, reviewed: Digest, parts: Collection[Digest] = ()) -> None:
    """Refuse with `PlanDrifted` a plan that is not the one with the digest `reviewed`; say what it would do now.

    `parts` are the reviewed changes one by one: what is left of them after an apply that ended half-way is let through.
    """
    found, left = plan_digest(plan, environment), set(change_digests(plan, environment))
    if found != reviewed and not (left and left <= set(parts)):
        now = ", ".join(_told(each) for each in _sorted(plan)) or "nothing at all"
        drift = ", ".join(each.address for each in plan.drift)
        raise PlanDrifted(
            f"the plan is not the one that was reviewed ({found.hex[:12]} instead of {reviewed.hex[:12]})",
            why=f"it would now do this: {now}" + (f"; changed outside of Terraform: {drift}" if drift else ""),
            fix="nothing was applied; open a new pull request (or run the wizard again) to have this plan reviewed",
        )


def require_only(plan: Plan, name: str, *, may_destroy: bool = False) -> None:
    """Refuse with `PlanUnexpected` a plan that reaches beyond the registry `name`, or would destroy its repository.

    ECR cannot change a repository's encryption: a change of risk that does so is planned as destroy and create anew.
    """
    inside = target(name) + "."
    beyond = [each.address for each in _sorted(plan) if not each.address.startswith(inside)]
    if beyond:
        raise _unexpected(f"the plan for {name} would change {', '.join(beyond)} too")
    lost = [each for each in _sorted(plan) if each.destroys and each.kind == REPOSITORY]
    if lost and not may_destroy:
        raise _unexpected(f"the plan for {name} would {_told(lost[0])}, and every image in it would be lost")


def _surroundings(plan: Plan, environment: str) -> list[object]:
    providers = sorted([name, each.version, *sorted(each.hashes)] for name, each in plan.providers.items())
    return [FORM, environment, plan.region, plan.configuration, list(plan.reads), providers]


def _sorted(plan: Plan) -> list[Change]:
    return sorted(plan.changes, key=lambda change: change.address)


def _told(change: Change) -> str:
    return f"{' and '.join(change.actions)} {change.address}"


def _unexpected(what: str) -> PlanUnexpected:
    return PlanUnexpected(
        what,
        why="a registry is created or changed without touching another one, and without losing an image",
        fix="nothing was applied; for another encryption request a new registry beside it, and retire this one after",
    )
