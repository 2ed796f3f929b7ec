"""What an editor shows of the files that people write: their schemas explain every field, with examples that fit."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from tests.documents import PAGES, ROOT, blocks

from goldenpath.delivery.adoption import scaffold
from goldenpath.delivery.rules import app, matrix
from goldenpath.policy import environments, source
from goldenpath.shared.names import PLATFORM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = ROOT / "src" / "goldenpath" / "policy"
NAMES = sorted(path.name for path in FOLDER.glob("*.schema.json"))
SHIPPED = FOLDER / environments.POLICY_FILE
SETTLED = "settled.schema.json"
# How a file for an app begins, in a document.
BEGINS = re.compile(r"(?:#.*\n)*(?:version: 1|exceptions:|tighten:)\n")
ADDRESS = f"https://raw.githubusercontent.com/{PLATFORM}/main/"


def schema(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / name).read_bytes())
    return read


def fields(node: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401  any part of a schema
    """Yield every property of a schema, by its place in it."""
    if isinstance(node, list):
        for part in node:
            yield from fields(part, path)
    elif isinstance(node, dict):
        # The conditions of an environment name properties that are described beside them.
        for name, part in node.items():
            if name == "properties":
                yield from ((f"{path}.{key}", field) for key, field in part.items())
            if name not in {"if", "then", "enum", "examples", "default"}:
                yield from fields(part, f"{path}.{name}")


def resolved(whole: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    """Return `field` with what it refers to, as an editor shows it."""
    target = whole["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else {}
    return {**target, **field}


ALL_DEFAULTS = {path.rpartition(".")[2] for path, field in fields(schema(environments.SCHEMA)) if "default" in field}


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_a_description_that_is_a_sentence(name: str) -> None:
    whole = schema(name)
    texts = {path: resolved(whole, field).get("description", "") for path, field in fields(whole)}
    assert texts
    assert [path for path, text in texts.items() if not text.endswith(".")] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_example_and_default_fits_its_field(name: str) -> None:
    whole = schema(name)
    for path, field in fields(whole):
        validator = jsonschema.Draft202012Validator({"$defs": whole["$defs"], **field})
        for value in (*field.get("examples", ()), *([field["default"]] if "default" in field else ())):
            assert list(validator.iter_errors(value)) == [], path


def defaults(rules: dict[str, Any]) -> dict[str, Any]:
    """Return the default of each field that has one, for those that may be written on their own."""
    values = {name: field["default"] for name, field in rules["properties"].items() if "default" in field}
    return {name: value for name, value in values.items() if value != [] and name != "managed_signing"}


def test_a_default_is_what_counts_where_the_field_is_not_written() -> None:
    rules = schema(environments.SCHEMA)["$defs"]["environment"]
    without: dict[str, Any] = dict(environments.parse(SHIPPED.read_text()))
    for environment in without["environments"].values():
        for part in (environment, environment["gitleaks"], environment["trivy"]):
            for name in ALL_DEFAULTS & part.keys():
                del part[name]
    written = copy.deepcopy(without)
    for environment in written["environments"].values():
        environment.update(defaults(rules))
        for gate in ("gitleaks", "trivy"):
            environment[gate] |= defaults(rules["properties"][gate])
    assert matrix.parse(yaml.safe_dump(written, sort_keys=False)) == matrix.parse(
        yaml.safe_dump(without, sort_keys=False)
    )
    assert environments.rules_in(written) == environments.rules_in(without)


def test_what_init_writes_names_a_schema_that_exists_at_that_address(tmp_path: Path) -> None:
    (rules,) = scaffold.plan(tmp_path, (), "main")
    first = rules.text.splitlines()[0]
    address = first.removeprefix("# yaml-language-server: $schema=")
    assert address.startswith(ADDRESS)
    assert json.loads((ROOT / address.removeprefix(ADDRESS)).read_bytes())["$id"] == address


@pytest.mark.parametrize("path", [SHIPPED, ROOT / "tests" / "data" / "policy" / "environments.yaml"], ids=str)
def test_the_platforms_rules_name_the_schema_beside_them(path: Path) -> None:
    (line,) = (line for line in path.read_text().splitlines() if "yaml-language-server" in line)
    assert (path.parent / line.partition("$schema=")[2]).resolve() == FOLDER / environments.SCHEMA


@pytest.mark.parametrize("name", [app.SCHEMA, SETTLED])
def test_the_examples_in_the_documents_fit_their_schema(name: str) -> None:
    examples = [
        block for page in PAGES for block in blocks(page) if block.language == "yaml" and BEGINS.match(block.text)
    ]
    fitting = [block for block in examples if (name == SETTLED) == ("settled:" in block.text.splitlines())]
    assert fitting
    for block in fitting:
        version = "" if "version:" in block.text else "version: 1\n"
        assert source.read(version + block.text, name, block.name)
