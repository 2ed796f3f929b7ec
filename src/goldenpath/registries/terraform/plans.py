"""A plan of Terraform."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from goldenpath.errors import PlanDrifted, PlanUnexpected, TerraformFailed
from goldenpath.model.names import Digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from goldenpath.registries.terraform.locks import LockedProvider

_REPOSITORY_POLICY, _DATA = "aws_ecr_repository_policy", "data"


REPOSITORY = "aws_ecr_repository"
# Which form of digest a reviewed plan was recorded with: 1 does not cover what it reads, providers and the region.
FORM = 2


class _ChangeBody(msgspec.Struct):
    actions: tuple[str, ...]
    before: Any = None
    after: Any = None


class _ResourceChange(msgspec.Struct):
    address: str
    type: str
    change: _ChangeBody
    action_reason: str = ""
    provider_name: str = ""


class _StateResource(msgspec.Struct, frozen=True):
    address: str
    type: str
    mode: str = ""
    values: dict[str, Any] = {}


class _Module(msgspec.Struct, frozen=True):
    resources: tuple[_StateResource, ...] = ()
    child_modules: tuple[_Module, ...] = ()


class _Values(msgspec.Struct, frozen=True):
    root_module: _Module = _Module()


class _State(msgspec.Struct, frozen=True):
    values: _Values = _Values()


class _PlanBody(msgspec.Struct):
    format_version: str
    terraform_version: str
    errored: bool = False
    configuration: Any = None
    variables: Any = None
    planned_values: _Values = _Values()
    prior_state: _State = _State()
    resource_changes: tuple[_ResourceChange, ...] = ()
    resource_drift: tuple[_ResourceChange, ...] = ()


@dataclass(frozen=True)
class PlannedChange:
    """What happens to one resource: `actions` as Terraform names them, its values `before` and `after` it.

    `None` stands for a resource that is not there. Values only known after the apply are not in `after`.
    """

    address: str
    kind: str
    actions: tuple[str, ...]
    before: Any = None
    after: Any = None
    reason: str = ""
    provider: str = ""

    @property
    def destroys(self) -> bool:
        """Whether the resource of before is gone afterwards (a replacement destroys too)."""
        return "delete" in self.actions


@dataclass(frozen=True)
class TerraformPlan:
    """A plan: the `changes` it would make, and the `drift` it found (resources that were changed behind its back).

    `reads` are the addresses of the data sources behind it. `configuration` is the identity of the code and the
    variables that it was made of: resources with their provisioners, data sources, modules, and providers with their
    settings. `region` is where it was planned, empty when nobody said so. `providers` are those that were locked, by
    their full names. `repository_policies` are the policies that Terraform describes, by the repository's name, as far
    as they are known before the apply.
    """

    terraform_version: str
    changes: tuple[PlannedChange, ...] = ()
    drift: tuple[PlannedChange, ...] = ()
    reads: tuple[str, ...] = ()
    configuration: str = ""
    region: str = ""
    providers: Mapping[str, LockedProvider] = field(default_factory=dict)
    repository_policies: Mapping[str, str] = field(default_factory=dict)


def parse_plan(raw: bytes) -> TerraformPlan:
    """Return the plan in Terraform's JSON form. Raises `TerraformFailed` when it is not one, or not a whole one."""
    try:
        body = msgspec.json.decode(raw, type=_PlanBody)
    except (ValueError, RecursionError) as error:
        raise _unreadable(str(error)) from None
    if not body.format_version.startswith("1."):
        raise _unreadable(f"its format is {body.format_version}, and we know 1.x")
    if body.errored:
        raise _unreadable("planning ended with an error, so it is not whole")
    return TerraformPlan(
        body.terraform_version,
        _changes(body.resource_changes),
        _changes(body.resource_drift),
        _reads(body),
        str(Digest.of(json.dumps([body.configuration, body.variables], sort_keys=True).encode())),
        repository_policies=dict(_repository_policies(body.planned_values.root_module)),
    )


def _repository_policies(module: _Module) -> Iterator[tuple[str, str]]:
    for each in _resources(module):
        repository, policy = each.values.get("repository"), each.values.get("policy")
        if each.type == _REPOSITORY_POLICY and isinstance(repository, str) and isinstance(policy, str):
            yield repository, policy


def _changes(listed: tuple[_ResourceChange, ...]) -> tuple[PlannedChange, ...]:
    found = [
        PlannedChange(
            each.address,
            each.type,
            each.change.actions,
            each.change.before,
            each.change.after,
            each.action_reason,
            each.provider_name,
        )
        for each in listed
        if each.change.actions not in (("no-op",), ("read",))
    ]
    return tuple(sorted(found, key=lambda change: change.address))


def _reads(body: _PlanBody) -> tuple[str, ...]:
    """Return the address of every data source that was read while planning, or is to be read by the apply."""
    later = {each.address for each in body.resource_changes if "read" in each.change.actions}
    before = {each.address for each in _resources(body.prior_state.values.root_module) if each.mode == _DATA}
    return tuple(sorted(later | before))


def _resources(module: _Module) -> Iterator[_StateResource]:
    yield from module.resources
    for child in module.child_modules:
        yield from _resources(child)


def _unreadable(why: str) -> TerraformFailed:
    return TerraformFailed(
        "Terraform's plan cannot be read",
        why=why,
        fix="plan again; if it persists, use the version of Terraform that the documents name",
    )


def target(name: str) -> str:
    """Return the address of the registry `name` in an environment's root module."""
    return f'module.ecr_repositories["{name}"]'


def plan_digest(plan: TerraformPlan, environment: str) -> Digest:
    """Return the identity of what `plan` would do in `environment`: every change, with its values before and after.

    Two plans with one digest do the same in the same environment and region, read the same, and were made of the same
    configuration, with the same providers, down to their locked hashes. Neither the time, nor Terraform's version, nor
    the order of the resources, nor values that are unknown until the apply are part of it.
    """
    changes = sorted(change_digests(plan, environment))
    return Digest.of(json.dumps([*_surroundings(plan, environment), changes]).encode())


def change_digests(plan: TerraformPlan, environment: str) -> tuple[Digest, ...]:
    """Return the identity of each change that `plan` would make in `environment`."""
    around = _surroundings(plan, environment)
    listed = [[*around, each.address, each.kind, each.provider, list(each.actions), each.before, each.after]
              for each in _sorted(plan)]  # fmt: skip
    return tuple(Digest.of(json.dumps(each, sort_keys=True, separators=(",", ":")).encode()) for each in listed)


def require_reviewed(plan: TerraformPlan, environment: str, reviewed: Digest, parts: Collection[Digest] = ()) -> None:
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


def require_only(plan: TerraformPlan, name: str, *, may_destroy: bool = False) -> None:
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


def _surroundings(plan: TerraformPlan, environment: str) -> list[object]:
    providers = sorted([name, each.version, *sorted(each.hashes)] for name, each in plan.providers.items())
    return [FORM, environment, plan.region, plan.configuration, list(plan.reads), providers]


def _sorted(plan: TerraformPlan) -> list[PlannedChange]:
    return sorted(plan.changes, key=lambda change: change.address)


def _told(change: PlannedChange) -> str:
    return f"{' and '.join(change.actions)} {change.address}"


def _unexpected(what: str) -> PlanUnexpected:
    return PlanUnexpected(
        what,
        why="a registry is created or changed without touching another one, and without losing an image",
        fix="nothing was applied; for another encryption request a new registry beside it, and retire this one after",
    )
