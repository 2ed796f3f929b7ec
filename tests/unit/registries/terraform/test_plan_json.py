from __future__ import annotations

import json
from typing import Any

import pytest

from goldenpath.registries.terraform.plan_json import parse_plan
from goldenpath.registries.terraform.plans import PlannedChange
from goldenpath.shared.errors import TerraformFailed

REPOSITORY = 'module.ecr_repositories["my-app"].aws_ecr_repository.this'


def document(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    listed = [
        {
            "address": REPOSITORY,
            "type": "aws_ecr_repository",
            "change": {"actions": ["create"], "after": {"name": "x"}},
        },
        {"address": "a.b", "type": "a", "change": {"actions": ["no-op"]}},
        {"address": "data.c", "type": "c", "change": {"actions": ["read"]}},
    ]
    whole = {"format_version": "1.2", "terraform_version": "1.11.4", "timestamp": "now", "resource_changes": listed}
    return {**whole, **more}


def test_a_plan_is_read_without_what_does_not_change() -> None:
    found = parse_plan(json.dumps(document()).encode())
    assert found.changes == (PlannedChange(REPOSITORY, "aws_ecr_repository", ("create",), None, {"name": "x"}),)
    assert (found.terraform_version, found.drift, found.reads) == ("1.11.4", (), ("data.c",))


def test_a_plan_tells_the_repository_policies_that_it_describes() -> None:
    resource = {"address": "a", "type": "aws_ecr_repository_policy", "values": {"repository": "my-app", "policy": "{}"}}
    unknown = {"address": "b", "type": "aws_ecr_repository_policy", "values": {"repository": "other"}}
    values = {"root_module": {"child_modules": [{"resources": [resource, unknown]}]}}
    found = parse_plan(json.dumps(document(planned_values=values)).encode())
    assert found.repository_policies == {"my-app": "{}"}


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "Input data was truncated"),
        (b"{}", "Object missing required field `format_version`"),
        (json.dumps(document(format_version="2.0")).encode(), "its format is 2.0, and we know 1.x"),
        (json.dumps(document(errored=True)).encode(), "planning ended with an error, so it is not whole"),
        (json.dumps(document(resource_changes=[{}])).encode(), "Object missing required field `address`"),
    ],
)
def test_a_plan_that_is_not_whole_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(TerraformFailed, match="plan cannot be read") as refused:
        parse_plan(raw)
    assert refused.value.why.startswith(why)


def test_a_plan_tells_what_it_imports_moves_and_would_replace_for_a_taint() -> None:
    def listed(address: str, change: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401
        return {"address": address, "type": "aws_ecr_repository", "change": change, **more}

    changes = [
        listed("a", {"actions": ["no-op"], "importing": {"id": "my-app"}}),
        listed("b", {"actions": ["update"], "importing": {"unknown": True}}),
        listed("c", {"actions": ["no-op"]}, previous_address="old"),
        listed("d", {"actions": ["delete", "create"]}, action_reason="replace_because_tainted"),
        listed("e", {"actions": ["no-op"]}),
    ]
    found = parse_plan(json.dumps(document(resource_changes=changes)).encode()).changes
    assert [(one.address, one.imports, one.moved_from, one.is_tainted) for one in found] == [
        ("a", "my-app", "", False), ("b", "", "", False), ("c", None, "old", False), ("d", None, "", True),
    ]  # fmt: skip
