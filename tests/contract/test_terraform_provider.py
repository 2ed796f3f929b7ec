"""The stand-in for hashicorp/aws against the real provider's schema, as far as the stand-in goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.terraform_provider.provider import StandIn

SCHEMA = Path(__file__).parents[1] / "terraform_provider" / "schema.json"
REAL = json.loads(SCHEMA.read_text())["types"]
KINDS = {b'"string"': "string", b'"bool"': "boolean", b'["map","string"]': "map"}
# Blocks that the stand-in leaves out, and why.
LEFT_OUT = {"timeouts": "it waits for nothing"}


def schemas() -> dict[str, Any]:
    provider = StandIn()
    kinds = [*provider.get_resources(), *provider.get_data_sources()]
    return {"aws_" + kind.get_name(): kind.get_schema() for kind in kinds}


def told(attributes: list[Any]) -> dict[str, dict[str, Any]]:
    return {
        each.name: {
            "type": KINDS[each.type.tf_type()],
            "required": bool(each.required),
            "settable": bool(each.required or each.optional),
        }
        for each in attributes
    }


@pytest.mark.parametrize("kind", REAL)
def test_every_attribute_is_as_the_real_provider_has_it(kind: str) -> None:
    own, real = told(schemas()[kind].attributes), REAL[kind]["attributes"]
    assert own == {name: real[name] for name in own}
    assert set(real) == set(own)


@pytest.mark.parametrize("kind", REAL)
def test_every_block_is_a_list_with_the_real_attributes(kind: str) -> None:
    real = {name: block for name, block in REAL[kind]["blocks"].items() if name not in LEFT_OUT}
    own = {block.type_name: block for block in schemas()[kind].block_types}
    assert set(own) == set(real)
    for name, block in own.items():
        assert real[name]["nesting"] == "list"
        assert told(block.block.attributes) == real[name]["attributes"]


def test_the_stand_in_says_that_it_is_one() -> None:
    package = SCHEMA.with_name("__init__.py").read_text()
    assert package.startswith('"""A stand-in for the Terraform provider hashicorp/aws, for tests only.')
