"""The stand-in for hashicorp/aws against the real provider's schema, as far as the stand-in goes."""

# The plugin library has no types.
# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.terraform_provider import documents, table
from tests.terraform_provider.provider import StandIn
from tests.terraform_provider.tags import TagRules
from tf.utils import Diagnostics

SCHEMA = Path(__file__).parents[1] / "terraform_provider" / "schema.json"
REAL = json.loads(SCHEMA.read_text())["types"]
KINDS = {b'"string"': "string", b'"bool"': "boolean", b'["map","string"]': "map"}
NESTING = {1: "struct", 2: "list"}


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
def test_every_block_is_nested_as_the_real_one_with_the_real_attributes(kind: str) -> None:
    own = {block.type_name: block for block in schemas()[kind].block_types}
    assert {
        name: {"nesting": NESTING[block.to_pb().nesting], "attributes": told(block.block.attributes)}
        for name, block in own.items()
    } == REAL[kind]["blocks"]


@pytest.mark.parametrize("kind", [kind for kind in REAL if kind.startswith("aws_ecr_")])
def test_the_table_of_what_replaces_has_every_argument_of_the_real_provider(kind: str) -> None:
    real = REAL[kind]
    settable = {name for name, attribute in real["attributes"].items() if attribute["settable"]}
    blocks = {f"{block}.{name}" for block, inside in real["blocks"].items() for name in inside["attributes"]}
    listed = [argument.name for argument in table.ARGUMENTS if argument.kind == kind]
    assert sorted(listed) == sorted({*settable, *real["blocks"], *blocks})


def test_every_replacement_names_the_line_of_the_real_provider_that_says_so() -> None:
    for argument in table.ARGUMENTS:
        assert argument.source.startswith("internal/" if argument.forces_new else "no `ForceNew`"), argument
    assert table.replacing("aws_ecr_lifecycle_policy") == ("policy", "repository", "region")
    assert table.replacing("aws_ecr_repository_policy") == ("repository", "region")
    assert table.replacing("aws_ecr_repository") == ("name", "encryption_configuration", "region")


def test_the_differences_that_remain_are_listed_in_one_place() -> None:
    schema = StandIn().get_provider_schema(Diagnostics())
    settings = {setting.name for setting in schema.attributes} | {block.type_name for block in schema.block_types}
    assert settings == {word for word in table.DIFFERENCES[0].split("`") if "_" in word or word == "region"}
    assert all(difference.endswith(".") for difference in table.DIFFERENCES)


def repository(**config: Any) -> list[str]:  # noqa: ANN401  any value of a configuration
    """Return what the stand-in says against a repository of this configuration."""
    diagnostics = Diagnostics()
    (kind,) = (kind for kind in StandIn().get_resources() if kind.get_name() == "ecr_repository")
    kind(StandIn()).validate(diagnostics, "aws_ecr_repository", config)
    return [f"{diagnostic.summary} {diagnostic.detail or ''}".strip() for diagnostic in diagnostics.diagnostics]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        (
            "filter",
            "a*b*c*d",
            "Invalid filter pattern Image tag mutability exclusion filter can contain a maximum of 2",
        ),
        ("filter", "a b", "must contain only letters, numbers, and special characters"),
        ("filter", "a" * 129, "expected length of filter to be in the range (1 - 128)"),
        ("filter_type", "REGEX", "expected filter_type to be one of ['WILDCARD'], got REGEX"),
    ],
)
def test_a_filter_that_the_real_provider_refuses_is_refused(field: str, value: str, why: str) -> None:
    good = {"filter": "a*b*", "filter_type": "WILDCARD"}
    assert repository(image_tag_mutability_exclusion_filter=[good]) == []
    (refused,) = repository(image_tag_mutability_exclusion_filter=[{**good, field: value}])
    assert refused.startswith(why)


def test_modes_that_the_real_provider_refuses_are_refused() -> None:
    assert len(repository(image_tag_mutability="FROZEN", encryption_configuration=[{"encryption_type": "ROT13"}])) == 2


def test_lifecycle_policies_are_compared_as_the_real_provider_compares_them() -> None:
    one, two = ({"rulePriority": number, "selection": {"tagPatternList": ["a*", "b*"]}} for number in (1, 2))
    other = {**two, "selection": {"tagPatternList": ["b*", "a*"], "tagPrefixList": []}}
    assert documents.same_lifecycle(json.dumps({"rules": [one, two]}), json.dumps({"rules": [other, one]}))
    assert not documents.same_lifecycle(json.dumps({"rules": [one]}), json.dumps({"rules": [one, two]}))


def test_repository_policies_are_compared_and_written_as_the_real_provider_does() -> None:
    one = '{"Statement": [{"Sid": "a", "Action": "x"}, {"Sid": "b", "Action": ["y", "z"]}]}'
    same = '{"Statement": [{"Sid": "b", "Action": ["z", "y"]}, {"Action": ["x"], "Sid": "a"}]}'
    assert documents.same_policy(one, same)
    assert not documents.same_policy(one, one.replace("x", "w"))
    assert documents.normalized('{"b": "<", "a": 1}') == '{"a":1,"b":"\\u003c"}'


def test_tags_are_ignored_and_told_apart_as_the_real_provider_does() -> None:
    rules = TagRules({"by": "us"}, frozenset({"Owner"}), ("auto:",))
    assert rules.all({"team": "web", "auto:x": "1"}) == {"by": "us", "team": "web"}
    assert rules.kept({"by": "us", "aws:x": "1", "Owner": "x", "auto:y": "2"}) == {"by": "us"}
    assert rules.own({"by": "us", "team": "web"}, None) == {"team": "web"}
    assert rules.own({"by": "us"}, {"by": "us"}) == {"by": "us"}


def test_the_stand_in_says_that_it_is_one() -> None:
    package = SCHEMA.with_name("__init__.py").read_text()
    assert package.startswith('"""A stand-in for the Terraform provider hashicorp/aws, for tests only.')
