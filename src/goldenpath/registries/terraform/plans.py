"""A Terraform plan: parsed from JSON, identified by a digest, and limited to one registry.

Source: Terraform's "JSON Output Format".
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from goldenpath.shared import codec
from goldenpath.shared.errors import PlanDrifted, PlanUnexpected, TerraformFailed
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from goldenpath.registries.terraform.locks import LockedProvider

_DATA = "data"
REPOSITORY, REPOSITORY_POLICY, LIFECYCLE = "aws_ecr_repository", "aws_ecr_repository_policy", "aws_ecr_lifecycle_policy"
# The version of the digest. Version 1 did not cover data sources, providers and the region.
FORM = 2


class _ChangeBody(msgspec.Struct):
    actions: tuple[str, ...]
    before: Any = None
    after: Any = None


class _ResourceChange(msgspec.Struct):
    address: str
    type: str
    change: _ChangeBody
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
    """A change of one resource: Terraform's names of the `actions`, and its values `before` and `after`.

    `None` stands for a missing resource. Values that are only known after the apply are not in `after`.
    """

    address: str
    kind: str
    actions: tuple[str, ...]
    before: Any = None
    after: Any = None
    provider: str = ""

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


def parse_plan(raw: bytes) -> TerraformPlan:
    """Return the plan in Terraform's JSON form. Raises `TerraformFailed` when it is incomplete or something else."""
    try:
        body = codec.decode(raw, _PlanBody)
    except ValueError as error:
        raise _unreadable(str(error)) from None
    if not body.format_version.startswith("1."):
        raise _unreadable(f"its format is {body.format_version}, and we know 1.x")
    # Terraform prints what it had planned before the error, too.
    if body.errored:
        raise _unreadable("planning ended with an error, so it is not whole")
    return TerraformPlan(
        body.terraform_version,
        _changes(body.resource_changes),
        _changes(body.resource_drift),
        _reads(body),
        str(Digest.of(json.dumps([body.configuration, body.variables], sort_keys=True).encode())),
        repository_policies=dict(_policies(body.planned_values.root_module, REPOSITORY_POLICY)),
        lifecycles=dict(_policies(body.planned_values.root_module, LIFECYCLE)),
    )


def _policies(module: _Module, kind: str) -> Iterator[tuple[str, str]]:
    for resource in _resources(module):
        repository, policy = resource.values.get("repository"), resource.values.get("policy")
        if resource.type == kind and isinstance(repository, str) and isinstance(policy, str):
            yield repository, policy


def _changes(raw: tuple[_ResourceChange, ...]) -> tuple[PlannedChange, ...]:
    changes = [
        PlannedChange(
            address=resource.address,
            kind=resource.type,
            actions=resource.change.actions,
            before=resource.change.before,
            after=resource.change.after,
            provider=resource.provider_name,
        )
        for resource in raw
        if resource.change.actions not in (("no-op",), ("read",))
    ]
    # Terraform lists changes in the order in which it walked its graph, which differs from run to run.
    return tuple(sorted(changes, key=lambda change: change.address))


def _reads(body: _PlanBody) -> tuple[str, ...]:
    """Return the address of every data source that was read while planning, or will be read by the apply."""
    # A data source runs while Terraform plans, with the role's credentials: a new one has to be reviewed (ADR 0014).
    later = {change.address for change in body.resource_changes if "read" in change.change.actions}
    before = {
        resource.address for resource in _resources(body.prior_state.values.root_module) if resource.mode == _DATA
    }
    return tuple(sorted(later | before))


def _resources(module: _Module) -> Iterator[_StateResource]:
    yield from module.resources
    for child in module.child_modules:
        yield from _resources(child)


def _unreadable(why: str) -> TerraformFailed:
    return TerraformFailed(
        "Terraform's plan cannot be read",
        why=why,
        fix="Plan again; if it persists, use the version of Terraform that the documents name",
    )


def target(name: str) -> str:
    """Return the address of the registry `name` in an environment's root module."""
    return f'module.ecr_repositories["{name}"]'


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
    listed = [[*around, change.address, change.kind, change.provider, list(change.actions), change.before, change.after]
              for change in _sorted(plan)]  # fmt: skip
    return tuple(Digest.of(json.dumps(change, sort_keys=True, separators=(",", ":")).encode()) for change in listed)


def require_reviewed(plan: TerraformPlan, environment: str, reviewed: Digest, parts: Collection[Digest] = ()) -> None:
    """Refuse with `PlanDrifted` a plan whose digest is not `reviewed`, saying what it would do now.

    `parts` are the digests of the reviewed changes: a plan of some of them is what an interrupted apply left to do.
    """
    digest, left = plan_digest(plan, environment), set(change_digests(plan, environment))
    if digest != reviewed and not (left and left <= set(parts)):
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
    lost = [change for change in _sorted(plan) if change.destroys and change.kind == REPOSITORY]
    if lost and not may_destroy:
        raise _unexpected(f"the plan for {name} would {_describe(lost[0])}, and every image in it would be lost")


def _surroundings(plan: TerraformPlan, environment: str) -> list[object]:
    """Return what makes the same changes mean something else: environment, region, code, reads, providers."""
    providers = sorted([name, provider.version, *sorted(provider.hashes)] for name, provider in plan.providers.items())
    return [FORM, environment, plan.region, plan.configuration, list(plan.reads), providers]


def _sorted(plan: TerraformPlan) -> list[PlannedChange]:
    return sorted(plan.changes, key=lambda change: change.address)


def _describe(change: PlannedChange) -> str:
    return f"{' and '.join(change.actions)} {change.address}"


def _unexpected(what: str) -> PlanUnexpected:
    return PlanUnexpected(
        what,
        why="A registry is created or changed without touching another one, and without losing an image",
        fix="Nothing was applied; for another encryption request a new registry beside it, and retire this one after",
    )
