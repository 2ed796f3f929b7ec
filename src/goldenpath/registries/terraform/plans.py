"""A Terraform plan: identified by a digest, and limited to one registry."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from goldenpath.shared.errors import PlanDrifted, PlanUnexpected
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from goldenpath.registries.terraform.locks import LockedProvider

REPOSITORY, REPOSITORY_POLICY, LIFECYCLE = "aws_ecr_repository", "aws_ecr_repository_policy", "aws_ecr_lifecycle_policy"
# The version of the digest. Version 1 did not cover data sources, providers and the region.
FORM = 2
# What an apply that broke in the middle of a change leaves to do: the actions by which it ends, by the reviewed ones. A
# replacement deletes first; an update makes several requests, so only its values before have moved on.
_LEFT_OF = {("delete", "create"): ("create",), ("update",): ("update",)}
# The field by which a resource of each kind names its repository. ECR knows its policies by the same name.
_NAMED_BY = {REPOSITORY: "name", REPOSITORY_POLICY: "repository", "aws_ecr_lifecycle_policy": "repository"}
_REGISTRIES = "module.ecr_repositories["


@dataclass(frozen=True)
class PlannedChange:
    """A change of one resource: Terraform's names of the `actions`, and its values `before` and `after`.

    `None` stands for a missing resource. Values that are only known after the apply are not in `after`. A resource that
    is taken into the state is known to AWS as `imports` (`None` for any other); one that the state had elsewhere comes
    from `moved_from`. One `is_tainted` when an apply made it and could not read it afterwards.
    """

    address: str
    kind: str
    actions: tuple[str, ...]
    before: Any = None
    after: Any = None
    provider: str = ""
    imports: str | None = None
    moved_from: str = ""
    is_tainted: bool = False

    @property
    def description(self) -> str:
        """What happens to the resource, in words: "delete and create", "import", "move and update"."""
        taken = (["import"] if self.imports is not None else []) + (["move"] if self.moved_from else [])
        return " and ".join([*taken, *(action for action in self.actions if not (taken and action == "no-op"))])

    @property
    def destroys(self) -> bool:
        """Whether the resource is deleted; a replacement deletes the old one, too."""
        return "delete" in self.actions


@dataclass(frozen=True)
class TerraformPlan:
    """A plan: its `changes`, and the `drift` it noticed (resources that were changed outside of Terraform).

    `reads` are the addresses of its data sources. `configuration` is a digest of the code and the variables: resources
    with their provisioners, data sources, modules, and providers with their settings. `region` and the locked
    `providers` are added by the caller. `repository_policies` and `lifecycles` are the planned policies by repository
    name, as far as they are known before the apply.
    """

    terraform_version: str
    changes: tuple[PlannedChange, ...] = ()
    drift: tuple[PlannedChange, ...] = ()
    reads: tuple[str, ...] = ()
    configuration: str = ""
    region: str = ""
    providers: Mapping[str, LockedProvider] = field(default_factory=dict)
    repository_policies: Mapping[str, str] = field(default_factory=dict)
    lifecycles: Mapping[str, str] = field(default_factory=dict)


def target(name: str) -> str:
    """Return the address of the registry `name` in an environment's root module."""
    return f'module.ecr_repositories["{name}"]'


def tainted(plan: TerraformPlan, name: str) -> tuple[str, ...]:
    """Return the addresses of what an apply made for the registry `name` and could not read afterwards."""
    inside = f"{target(name)}."
    return tuple(change.address for change in plan.changes if change.is_tainted and change.address.startswith(inside))


def plan_digest(plan: TerraformPlan, environment: str) -> Digest:
    """Return the digest by which a reviewed plan is recognized at the apply.

    It covers the changes with their values before and after, the environment and region, the data sources, the
    configuration, and the providers down to their locked hashes.
    """
    # Terraform's own plan file cannot be kept until the merge: it holds secrets, and is stale after any other apply. So
    # the plan is made again, and compared by what it does. Left out is what differs between two plans of the same
    # change: time, Terraform's version, order, and values that are unknown until the apply (ADR 0006).
    changes = sorted(change_digests(plan, environment))
    return Digest.of(json.dumps([*_surroundings(plan, environment), changes]).encode())


def change_digests(plan: TerraformPlan, environment: str) -> tuple[Digest, ...]:
    """Return the digest of every single change of `plan` in `environment`."""
    around = _surroundings(plan, environment)
    return tuple(_change_digest(around, change) for change in _sorted(plan))


def ending_digests(plan: TerraformPlan, environment: str) -> tuple[Digest, ...]:
    """Return the digests by which the rest of a change of `plan` is recognized after an apply that broke in it.

    They cover the same as `change_digests`, but the actions that are left, and no values before.
    """
    around = _surroundings(plan, environment)
    return tuple(_ending_digest(around, ending) for change in _sorted(plan) for ending in _endings(change))


def require_reviewed(
    plan: TerraformPlan,
    environment: str,
    reviewed: Digest,
    parts: Collection[Digest] = (),
    endings: Collection[Digest] = (),
) -> None:
    """Refuse with `PlanDrifted` a plan whose digest is not `reviewed`, saying what it would do now.

    `parts` are the digests of the reviewed changes: a plan of some of them is what an interrupted apply left to do.
    `endings` are their ending digests, given only for the pull request whose apply was interrupted.
    """
    digest, around = plan_digest(plan, environment), _surroundings(plan, environment)
    is_left = bool(plan.changes) and all(
        _change_digest(around, change) in parts or _ending_digest(around, change) in endings for change in plan.changes
    )
    if digest != reviewed and not is_left:
        now = ", ".join(_describe(change) for change in _sorted(plan)) or "nothing at all"
        drift = ", ".join(change.address for change in plan.drift)
        raise PlanDrifted(
            f"The plan is not the one that was reviewed ({digest.hex[:12]} instead of {reviewed.hex[:12]})",
            why=f"it would now do this: {now}" + (f"; changed outside of Terraform: {drift}" if drift else ""),
            fix="Nothing was applied; open a new pull request (or run the wizard again) to have this plan reviewed",
        )


def require_only(plan: TerraformPlan, name: str, *, may_destroy: bool = False) -> None:
    """Refuse with `PlanUnexpected` a plan that changes more than the registry `name`, or destroys its repository."""
    # `-target` includes what the target depends on, and may include more. ECR cannot change the encryption of a
    # repository: Terraform plans a change of risk as "destroy and create", which would lose every image.
    inside = target(name) + "."
    beyond = [change.address for change in _sorted(plan) if not change.address.startswith(inside)]
    if beyond:
        raise _unexpected(f"the plan for {name} would change {', '.join(beyond)} too")
    foreign = [change for change in _sorted(plan) if not _is_of(change, name)]
    if foreign:
        raise _unexpected(f"the plan for {name} would {_describe(foreign[0])}, which is not this registry's")
    lost = [change for change in _sorted(plan) if change.destroys and change.kind == REPOSITORY]
    if lost and not may_destroy:
        raise _unexpected(f"the plan for {name} would {_describe(lost[0])}, and every image in it would be lost")


def _is_of(change: PlannedChange, name: str) -> bool:
    """Return whether a resource that is imported or moved was the registry `name` before, too."""
    if change.imports is None and not change.moved_from:
        return True
    before = change.before.get(_NAMED_BY.get(change.kind, "")) if isinstance(change.before, dict) else None
    is_elsewhere = change.moved_from.startswith(_REGISTRIES) and not change.moved_from.startswith(f"{target(name)}.")
    return before == name and change.imports in (None, name) and not is_elsewhere


def _change_digest(around: list[object], change: PlannedChange) -> Digest:
    taken = {"imports": change.imports, "moved_from": change.moved_from}
    # Added only where there is something to say: plans that were reviewed before this was covered keep their digest.
    more = [taken] if change.imports is not None or change.moved_from else []
    listed = [*around, change.address, change.kind, change.provider, list(change.actions), change.before, change.after]
    return _digest_of([*listed, *more])


def _endings(change: PlannedChange) -> list[PlannedChange]:
    """Return what may be left of `change`: it was taken into the state, or it was changed, or neither is saved."""
    left = [replace(change, actions=actions) for actions in [_LEFT_OF.get(change.actions)] if actions]
    if change.imports is None and not change.moved_from:
        return left
    taken = [replace(ending, imports=None, moved_from="") for ending in left]
    return [*left, *taken, replace(change, actions=("no-op",))]


def _ending_digest(around: list[object], ending: PlannedChange) -> Digest:
    what = [ending.address, ending.kind, ending.provider, list(ending.actions), ending.after]
    return _digest_of([*around, "ending", *what, ending.imports, ending.moved_from])


def _digest_of(listed: list[object]) -> Digest:
    return Digest.of(json.dumps(listed, sort_keys=True, separators=(",", ":")).encode())


def _surroundings(plan: TerraformPlan, environment: str) -> list[object]:
    """Return what makes the same changes mean something else: environment, region, code, reads, providers."""
    providers = sorted([name, provider.version, *sorted(provider.hashes)] for name, provider in plan.providers.items())
    return [FORM, environment, plan.region, plan.configuration, list(plan.reads), providers]


def _sorted(plan: TerraformPlan) -> list[PlannedChange]:
    return sorted(plan.changes, key=lambda change: change.address)


def _describe(change: PlannedChange) -> str:
    return f"{change.description} {change.address}"


def _unexpected(what: str) -> PlanUnexpected:
    return PlanUnexpected(
        what,
        why="A registry is created or changed without touching another one, and without losing an image",
        fix="Nothing was applied; for another encryption request a new registry beside it, and retire this one after",
    )
