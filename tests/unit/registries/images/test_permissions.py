"""The policies of the roles that keep images in use: enough for the calls that are made, and no more."""

from __future__ import annotations

from tests.doubles.aws import shapes

from goldenpath.registries.images import permissions
from goldenpath.shared.names import AccountId, Region


def test_every_action_is_an_operation_of_its_service() -> None:
    tagging = permissions.tag_policy(AccountId("123456789012"), Region("eu-west-2"))
    for policy in (permissions.look_policy(), tagging):
        for action in policy["Statement"][0]["Action"]:
            service, _, operation = action.partition(":")
            assert operation in shapes.service(service).operation_names


def test_the_role_that_looks_changes_nothing_and_the_one_that_tags_uploads_nothing() -> None:
    looks = permissions.look_policy()["Statement"][0]["Action"]
    assert all(action.split(":")[1].startswith(("Describe", "List")) for action in looks)
    tags = permissions.tag_policy(AccountId("123456789012"), Region("cn-north-1"))["Statement"][0]
    assert not [action for action in tags["Action"] if "Upload" in action or action.startswith("ecr:Set")]
    assert tags["Resource"] == "arn:aws-cn:ecr:cn-north-1:123456789012:repository/*"
