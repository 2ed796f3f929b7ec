"""The stand-in's resources of an account against the real provider's schema, as far as the stand-in goes."""

# The plugin library has no types.
# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.terraform_provider import account

if TYPE_CHECKING:
    from tf.schema import Schema

SCHEMA = Path(__file__).parents[1] / "terraform_provider" / "account_schema.json"
REAL = json.loads(SCHEMA.read_text())["types"]
KINDS = {
    b'"string"': "string",
    b'"bool"': "boolean",
    b'"number"': "number",
    b'["map","string"]': "map",
    b'["set","string"]': "strings",
    b'["list","string"]': "strings",
}
OWN = {"aws_" + kind.get_name(): kind.get_schema() for kind in (*account.RESOURCES, *account.DATA_SOURCES)}


def compared(own: Schema, real: dict[str, Any], where: str) -> list[str]:
    """Return what of the schema `own` the real one has not, or has otherwise."""
    described = {
        attribute.name: {
            "type": KINDS[attribute.type.tf_type()],
            "required": bool(attribute.required),
            "settable": bool(attribute.required or attribute.optional),
        }
        for attribute in own.attributes
    }
    wrong = [f"{where}.{name}" for name, one in described.items() if real["attributes"].get(name) != one]
    missing = [name for name, one in real["attributes"].items() if one["required"] and name not in described]
    for block in own.block_types:
        inner = real["blocks"].get(block.type_name, {"nesting": None})
        if inner["nesting"] != type(block).NESTING:
            wrong.append(f"{where}.{block.type_name} is no {type(block).NESTING}")
        else:
            wrong += compared(block.block, inner, f"{where}.{block.type_name}")
    return [*wrong, *(f"{where} lacks {name}" for name in missing)]


def test_the_stand_in_and_the_schema_are_about_the_same_types() -> None:
    assert set(OWN) == set(REAL)


@pytest.mark.parametrize("kind", sorted(OWN))
def test_every_argument_is_as_the_real_provider_has_it(kind: str) -> None:
    assert compared(OWN[kind], REAL[kind], kind) == []


def test_the_comparison_notices_an_argument_that_the_real_provider_lacks() -> None:
    real: dict[str, Any] = {"attributes": {}, "blocks": {}}

    assert compared(OWN["aws_ecr_account_setting"], real, "x") == ["x.name", "x.value"]
