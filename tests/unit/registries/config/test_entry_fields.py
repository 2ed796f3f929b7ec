"""What an entry may hold, as Terraform reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.registries.config import entry_fields

if TYPE_CHECKING:
    from goldenpath.registries.config.hcl import Literal

NEEDED: dict[str, Literal] = {"id": "A", "owner": "b", "risk": "low"}


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("retention", {"keep": "90", "untagged_days": "3"}, {"keep": 90, "untagged_days": 3}),
        ("retention", {"keep": 9e1, "untagged_days": None}, {"keep": 90}),
        ("retention", {}, {}),
        ("immutability_exclusions", [], []),
        ("pull_accounts", ["012345678901"], ["012345678901"]),
        ("adopted", True, True),
        ("adopted", "true", True),
        ("adopted", False, False),
    ],
)
def test_a_value_is_what_the_module_gets(field: str, written: Literal, value: Literal) -> None:
    assert entry_fields.read({**NEEDED, field: written}) == {**NEEDED, field: value}


@pytest.mark.parametrize("field", ["domain", "requester", "kms_key", "pull_accounts", "adopted"])
def test_null_is_as_if_the_field_were_missing(field: str) -> None:
    assert entry_fields.read({**NEEDED, field: None}).get(field, []) == []


@pytest.mark.parametrize(
    ("field", "written", "why"),
    [
        ("retention", {"keep": True}, "`retention.keep` is True, not a whole number from 1 to 500"),
        ("retention", {"keep": "many"}, "`retention.keep` is 'many', not a whole number from 1 to 500"),
        ("retention", {"keep": "0x5a"}, "`retention.keep` is '0x5a', not a whole number from 1 to 500"),
        ("retention", {"keep": 90.5}, "`retention.keep` is 90.5, not a whole number from 1 to 500"),
        ("retention", {"keep": 501}, "`retention.keep` is 501, not a whole number from 1 to 500"),
        ("retention", {"keep": "1e999"}, "`retention.keep` is '1e999', not a whole number from 1 to 500"),
        ("retention", {"untagged_days": [3]}, "`retention.untagged_days` is [3], not a whole number from 1 to 7"),
        ("retention", None, "`retention` is not a map like `{ keep = 90 }`"),
        ("immutability_exclusions", "latest", '`immutability_exclusions` is not a list of strings like `["…"]`'),
        ("immutability_exclusions", [1], '`immutability_exclusions` is not a list of strings like `["…"]`'),
        ("kms_key", 1, "`kms_key` is not a string"),
        ("risk", 1, "`risk` is not a string, `risk` is 1, not one of low, medium, high"),
        ("risk", None, "`risk` is missing"),
        ("remove_after", 20261121, ("`remove_after` is not a string, `deprecated_since` is missing: a deprecation has "
         "both dates")),
        ("pull_accounts", [123456789012], '`pull_accounts` is not a list of strings like `["…"]`'),
        ("pull_accounts", ["1234"], "`pull_accounts`: '1234' is not an AWS account id (12 digits)"),
        ("pull_accounts", ["*"], "`pull_accounts`: '*' is not an AWS account id (12 digits)"),
        ("pull_organizations", ["acme"], ("`pull_organizations`: 'acme' is not the id of an AWS organization (like "
         "`o-a1b2c3d4e5`)")),
        ("adopted", "yes", "`adopted` is 'yes', not true or false"),
        ("adopted", 1, "`adopted` is 1, not true or false"),
    ],
)  # fmt: skip
def test_a_value_that_the_module_would_refuse_or_misread_is_refused_with_the_rule(
    field: str, written: Literal, why: str
) -> None:
    with pytest.raises(ValueError, match=field) as refused:
        entry_fields.read({**NEEDED, field: written})
    assert str(refused.value) == why
