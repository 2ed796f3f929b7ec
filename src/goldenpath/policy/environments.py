"""The part of `environments.yaml` for registries: the environments that have some, and who approves their changes.

Deliveries and registries both read that file and do not import one another, so their common part is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from goldenpath.policy import source

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY_FILE = "environments.yaml"
SCHEMA = "environments.schema.json"
# The environment for a person's own machine: a workflow run never follows its rules, and it has no registries.
LOCAL = "local"


@dataclass(frozen=True)
class RegistryRules:
    """The rules of the registries in one environment.

    With `all_changes_approved` a second person has to approve creations and changes, not only removals.
    """

    environment: str
    all_changes_approved: bool = True


def text() -> str:
    """Return the YAML text of the platform's rules, byte for byte."""
    return resources.files("goldenpath.policy").joinpath(POLICY_FILE).read_bytes().decode("utf-8")


@cache
def read() -> Mapping[str, Any]:
    """Return the platform's rules as parsed YAML. Raises `PolicyInvalid` when they do not fit their schema."""
    return parse(text())


def parse(text: str) -> Mapping[str, Any]:
    """Return the rules in the YAML `text`. Raises `PolicyInvalid`, naming every wrong field with its line."""
    return source.read(text, SCHEMA, POLICY_FILE)


@cache
def registry_rules() -> tuple[RegistryRules, ...]:
    """Return the rules of every environment that has registries, in the order in which a change travels."""
    return rules_in(read())


def rules_in(tree: Mapping[str, Any]) -> tuple[RegistryRules, ...]:
    """Return the rules of the registries in `tree`."""
    return tuple(
        RegistryRules(name, body.get("registry_approval", "every-change") == "every-change")
        for name, body in tree["environments"].items()
        if name != LOCAL
    )
