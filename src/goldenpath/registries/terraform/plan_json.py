"""A Terraform plan, parsed from the JSON that `terraform show` prints.

Source: Terraform's "JSON Output Format".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from goldenpath.registries.terraform.plans import LIFECYCLE, REPOSITORY_POLICY, PlannedChange, TerraformPlan
from goldenpath.shared import codec
from goldenpath.shared.errors import TerraformFailed
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATA, _TAINTED = "data", "replace_because_tainted"


class _Importing(msgspec.Struct):
    id: str = ""


class _ChangeBody(msgspec.Struct):
    actions: tuple[str, ...]
    before: Any = None
    after: Any = None
    importing: _Importing | None = None


class _ResourceChange(msgspec.Struct):
    address: str
    type: str
    change: _ChangeBody
    provider_name: str = ""
    previous_address: str = ""
    action_reason: str = ""

    @property
    def is_in_place(self) -> bool:
        """Whether nothing is done, neither to the resource nor to where the state keeps it."""
        return self.change.actions in (("no-op",), ("read",)) and not (self.change.importing or self.previous_address)


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
            imports=resource.change.importing.id if resource.change.importing else None,
            moved_from=resource.previous_address,
            is_tainted=resource.action_reason == _TAINTED,
        )
        for resource in raw
        if not resource.is_in_place
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
