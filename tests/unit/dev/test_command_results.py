"""Every field of a typed result is in docs/json.md, and its published schema takes it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from dev import command_results

from goldenpath.delivery.adoption.settle import ReportedSecret, SettleResult
from goldenpath.local.commands import LocalStop
from goldenpath.local.demo.acts import DemoResult
from goldenpath.registries.catalogue import CatalogueFiles
from goldenpath.registries.workflow_results import (
    AppliedChange,
    AppliedRegistry,
    EnvironmentHygiene,
    EnvironmentProtection,
    HygieneReport,
    MergedRegistries,
    RegistryNotApplied,
    RegistryProposal,
    RegistryToApply,
)
from goldenpath.shared import codec
from goldenpath.shared.command_result import CommandResult

DOCS = Path(__file__).parents[3] / "docs"
SCHEMA = json.loads((DOCS / "schemas" / "results.json").read_bytes())
SECRET = ReportedSecret("github-pat", "config.py", 3, "f" * 32)
PROPOSAL = RegistryProposal("dev", "my-app", 7, "https://github.com/o/p/pull/7", True, False, "sha256:x", "seal-7")  # noqa: FBT003
EXAMPLES: dict[str, object] = {
    "local demo": DemoResult((), {"sha256:1": ("dev-1",)}),
    "local down": LocalStop(was_running=True, engine_in_use=False),
    "registry apply-merged": AppliedRegistry(7, "dev", "my-app", False, "sha256:x", (AppliedChange("create", "a.b"),)),  # noqa: FBT003
    "registry catalogue": CatalogueFiles(("a", "b"), ("a",), 3),
    "registry find-merged": MergedRegistries(
        (RegistryToApply(7, "dev", "my-app", removal=False),), (RegistryNotApplied(8, "plan-drifted", "x"),), ("note",)
    ),
    "registry hygiene": HygieneReport(9, "https://x", True, (EnvironmentHygiene("dev", 2, 1, ("update a.b",), ""),)),  # noqa: FBT003
    "registry propose": PROPOSAL,
    "registry protect": [EnvironmentProtection("dev", ("dev: off",), 0)],
    "registry retire": PROPOSAL,
    "settle": SettleResult(".goldenpath-settled.yml", (SECRET,), (), (SECRET,)),
}


def fields(value: Any) -> set[str]:  # noqa: ANN401  any JSON
    """Return the names of all fields in `value`; those of a map by digest are no fields."""
    if isinstance(value, list):
        return set().union(*map(fields, value)) if value else set()
    if isinstance(value, dict):
        named = {name for name in value if not name.startswith("sha256:")}
        return named.union(*map(fields, value.values()))
    return set()


@pytest.mark.parametrize("command", EXAMPLES)
def test_a_result_is_what_its_published_schema_says_and_each_field_is_documented(command: str) -> None:
    document = json.loads(codec.encode(CommandResult(command, 0, result=EXAMPLES[command])))
    jsonschema.validate(document, json.loads((DOCS / "schemas" / "command.json").read_bytes()))
    jsonschema.validate({command: document["result"]}, SCHEMA)
    head, _, last = command.rpartition(" ")
    rows = (DOCS / "json.md").read_text().partition("## The results")[2].splitlines()
    (row,) = [row for row in rows if re.match(rf"\| [^|]*`({command}|{last})`", row) and f"`{head}" in row]
    assert [field for field in sorted(fields(document["result"])) if f"`{field}`" not in row] == []


@pytest.mark.parametrize("wrong", [{}, {"was_running": "yes", "engine_in_use": False}, {"was_running": True}])
def test_the_schema_refuses_another_result(wrong: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"local down": wrong}, SCHEMA)


def test_each_typed_result_but_those_of_files_that_others_read_is_an_example_here() -> None:
    assert set(command_results.RESULTS) - set(EXAMPLES) == {"deliver", "registry list"}
