"""Parses a plan from Terraform's JSON: what it would change, what it reads, and the configuration behind it.

Source: Terraform's "JSON Output Format".
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from goldenpath.errors import TerraformFailed
from goldenpath.model.names import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.registries.terraform.provider_lock import Provider

_REPOSITORY_POLICY, _DATA = "aws_ecr_repository_policy", "data"


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
class Change:
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
class Plan:
    """A plan: the `changes` it would make, and the `drift` it found (resources that were changed behind its back).

    `reads` are the addresses of the data sources behind it. `configuration` is the identity of the code and the
    variables that it was made of: resources with their provisioners, data sources, modules, and providers with their
    settings. `region` is where it was planned, empty when nobody said so. `providers` are those that were locked, by
    their full names. `repository_policies` are the policies that Terraform describes, by the repository's name, as far
    as they are known before the apply.
    """

    terraform_version: str
    changes: tuple[Change, ...] = ()
    drift: tuple[Change, ...] = ()
    reads: tuple[str, ...] = ()
    configuration: str = ""
    region: str = ""
    providers: Mapping[str, Provider] = field(default_factory=dict)
    repository_policies: Mapping[str, str] = field(default_factory=dict)


def parse_plan(raw: bytes) -> Plan:
    """Return the plan in Terraform's JSON form. Raises `TerraformFailed` when it is not one, or not a whole one."""
    try:
        body = msgspec.json.decode(raw, type=_PlanBody)
    except (ValueError, RecursionError) as error:
        raise _unreadable(str(error)) from None
    if not body.format_version.startswith("1."):
        raise _unreadable(f"its format is {body.format_version}, and we know 1.x")
    if body.errored:
        raise _unreadable("planning ended with an error, so it is not whole")
    return Plan(
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


def _changes(listed: tuple[_ResourceChange, ...]) -> tuple[Change, ...]:
    found = [
        Change(
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
