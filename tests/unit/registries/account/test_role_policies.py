from __future__ import annotations

import re
from pathlib import Path

import botocore.session
import pytest
from tests.doubles.aws import shapes

from goldenpath.registries.account import role_policies
from goldenpath.registries.account.role_policies import RoleScope
from goldenpath.shared.names import AccountId, Region

ROOT = Path(__file__).parents[4]
SCOPE = RoleScope("aws", "123456789012", "eu-west-2", "dev", "our-state")
OPERATIONS = botocore.session.get_session().get_service_model("ecr").operation_names
# `call` is a method of the SDK's client, or of a paginator.
CALLED = re.compile(r"_?(?:client|ecr)\.(?:get_paginator\(\"(?P<paged>\w+)\"\)|(?P<plain>[a-z_]+)\()")


def actions(document: role_policies.Document) -> set[str]:
    return {action for statement in document["Statement"] for action in statement["Action"]}


def resources(document: role_policies.Document) -> set[str]:
    return {statement["Resource"] for statement in document["Statement"]}


def test_a_plan_changes_nothing_but_the_lock_of_the_state() -> None:
    plan = role_policies.plan_policy(SCOPE)

    assert actions(plan) & set(role_policies.REPOSITORY_WRITES) == set()
    writes = [statement for statement in plan["Statement"] if "s3:PutObject" in statement["Action"]]
    state = "arn:aws:s3:::our-state/envs/dev/*terraform.tfstate"
    assert [statement["Resource"] for statement in writes] == [f"{state}.tflock"]


def test_only_an_apply_writes_the_state_and_the_claims() -> None:
    assert resources(role_policies.apply_policy(SCOPE)) == {
        "arn:aws:ecr:eu-west-2:123456789012:repository/*", "*", "arn:aws:s3:::our-state",
        "arn:aws:s3:::our-state/envs/dev/*terraform.tfstate",
        "arn:aws:s3:::our-state/envs/dev/*terraform.tfstate.tflock",
        "arn:aws:s3:::our-state/envs/dev/*terraform.tfstate.claims/*",
    }  # fmt: skip


def test_an_apply_uses_only_the_keys_that_are_named() -> None:
    key = "arn:aws:kms:eu-west-2:123456789012:key/1"
    (statement,) = [one for one in role_policies.apply_policy(SCOPE, (key,))["Statement"] if one["Sid"] == "Keys"]

    assert statement["Resource"] == [key]
    assert not actions(role_policies.apply_policy(SCOPE)) & set(role_policies.KMS_ACTIONS)


def test_every_action_of_ecr_is_one_that_ecr_has() -> None:
    both = actions(role_policies.plan_policy(SCOPE)) | actions(role_policies.apply_policy(SCOPE))

    assert {action.removeprefix("ecr:") for action in both if action.startswith("ecr:")} <= set(OPERATIONS)


def test_a_right_without_a_resource_only_reads() -> None:
    for document in (role_policies.plan_policy(SCOPE), role_policies.apply_policy(SCOPE)):
        unbound = [statement for statement in document["Statement"] if statement["Resource"] == "*"]
        assert [statement["Sid"] for statement in unbound] == ["Registry"]
        assert all(re.match(r"ecr:(Describe|Get|List)", action) for action in unbound[0]["Action"])


# The roles that tag images in use put them again, and a person with a login of their own starts a preview.
NOT_BY_AN_APPLY = {"ecr:PutImage", "ecr:StartLifecyclePolicyPreview"}


def test_what_the_platform_asks_of_ecr_is_allowed_to_an_apply() -> None:
    source = (ROOT / "src/goldenpath/registries/aws/ecr.py").read_text()
    methods = {match["paged"] or match["plain"] for match in CALLED.finditer(source)} - {"exceptions"}
    called = {"".join(word.capitalize() for word in name.split("_")) for name in methods} & set(OPERATIONS)

    assert "DescribeRepositories" in called
    assert {f"ecr:{name}" for name in called} - NOT_BY_AN_APPLY <= actions(role_policies.apply_policy(SCOPE))


def test_a_boundary_covers_every_role_and_no_service_beyond() -> None:
    boundary = role_policies.boundary_policy("aws", "123456789012", "our-state")
    services = {action.partition(":")[0] for action in actions(boundary)}

    assert services == {"ecr", "kms", "s3"}
    assert "ecr:*" in actions(boundary)
    assert [one["Sid"] for one in boundary["Statement"] if one["Resource"] == "*"] == ["Registry"]


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
def test_arns_are_of_the_partition(partition: str) -> None:
    scope = RoleScope(partition, "123456789012", "cn-north-1", "dev", "our-state")

    assert all(one.startswith(("*", f"arn:{partition}:")) for one in resources(role_policies.plan_policy(scope)))


def test_every_action_of_the_roles_that_keep_images_is_an_operation_of_its_service() -> None:
    tagging = role_policies.tag_policy(AccountId("123456789012"), Region("eu-west-2"))
    for policy in (role_policies.look_policy(), tagging):
        for action in policy["Statement"][0]["Action"]:
            service, _, operation = action.partition(":")
            assert operation in shapes.service(service).operation_names


def test_the_role_that_looks_changes_nothing_and_the_one_that_tags_uploads_nothing() -> None:
    looks = role_policies.look_policy()["Statement"][0]["Action"]
    assert all(action.split(":")[1].startswith(("Describe", "List")) for action in looks)
    tags = role_policies.tag_policy(AccountId("123456789012"), Region("cn-north-1"))["Statement"][0]
    assert not [action for action in tags["Action"] if "Upload" in action or action.startswith("ecr:Set")]
    assert tags["Resource"] == "arn:aws-cn:ecr:cn-north-1:123456789012:repository/*"
