"""The environment matrix: the platform's rules, read from `environments.yaml` beside this file and nowhere else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import jsonschema
import msgspec
import yaml

from goldenpath.errors import PolicyInvalid, UnknownEnvironment
from goldenpath.model.finding import Gate, Severity
from goldenpath.model.verdict import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY_FILE = "environments.yaml"


@dataclass(frozen=True)
class VulnerabilityRule:
    """Which vulnerabilities decide: their severities, and whether one without a known fix is let through."""

    severities: frozenset[Severity]
    ignore_unfixed: bool = False


@dataclass(frozen=True)
class Environment:
    """The rules of one environment."""

    name: str
    modes: Mapping[Gate, Mode]
    sarif_upload: bool
    latest_allowed: bool
    refs: tuple[str, ...]

    def allows_ref(self, ref: str) -> bool:
        """Tell whether the git ref `ref` may be released here."""
        return any(_ref_pattern(pattern).fullmatch(ref) for pattern in self.refs)


@dataclass(frozen=True)
class Policy:
    """The whole matrix; `environments` in the order in which a change travels."""

    vulnerabilities: VulnerabilityRule
    environments: tuple[Environment, ...]

    def environment(self, name: str) -> Environment:
        """Return the rules of `name`. Raises `UnknownEnvironment`, listing the known ones: there is no default."""
        for environment in self.environments:
            if environment.name == name:
                return environment
        known = ", ".join(environment.name for environment in self.environments)
        raise UnknownEnvironment(
            f"there is no environment {name!a}" if name else "no environment was named",
            why=f"the platform knows {known}",
            fix="name one of them with --environment (in a workflow: `environment:`)",
        )


@cache
def load() -> Policy:
    """Return the platform's policy. Raises `PolicyInvalid` when its files are not what their schema says."""
    folder = resources.files("goldenpath.policy")
    schema = json.loads((folder / "environments.schema.json").read_bytes())
    return parse((folder / POLICY_FILE).read_text(encoding="utf-8"), schema)


def parse(text: str, schema: Mapping[str, Any]) -> Policy:
    """Return the policy in the YAML `text`. Raises `PolicyInvalid`, naming the path of every field that is wrong."""
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _invalid(str(error)) from None
    problems = sorted(jsonschema.Draft202012Validator(schema).iter_errors(tree), key=lambda each: each.json_path)
    if problems:
        raise _invalid("; ".join(f"{problem.json_path}: {problem.message}" for problem in problems))
    return Policy(
        vulnerabilities=_rule(tree["vulnerabilities"]),
        environments=tuple(_environment(name, body) for name, body in tree["environments"].items()),
    )


def _rule(body: Mapping[str, Any]) -> VulnerabilityRule:
    severities = msgspec.convert(body["severities"], frozenset[Severity])
    return VulnerabilityRule(severities, ignore_unfixed=body.get("ignore_unfixed", False))


def _environment(name: str, body: Mapping[str, Any]) -> Environment:
    return Environment(
        name=name,
        modes={gate: Mode(body["gates"][gate.value]) for gate in Gate},
        sarif_upload=body["sarif_upload"],
        latest_allowed=body["latest_tag"] == "allowed",
        refs=tuple(body["refs"]),
    )


def _ref_pattern(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"**": ".*", "*": "[^/]*"}.get(part) or re.escape(part) for part in parts), re.DOTALL)


def _invalid(why: str) -> PolicyInvalid:
    return PolicyInvalid(
        f"the platform's policy ({POLICY_FILE}) is not valid",
        why=why,
        fix="mend the fields named above; environments.schema.json beside it says what each may hold",
    )
