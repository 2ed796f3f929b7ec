"""Session policies: what a release may do, and no more."""

from __future__ import annotations

import json
from pathlib import Path

from goldenpath.delivery.registry.iam import session_policy
from goldenpath.shared.names import EcrRepository, Region, RoleArn
from tests.unit.aws_client import REGION

ROLE = RoleArn("arn:aws:iam::123456789012:role/deliver-dev")


NAME = EcrRepository("team/my-app")


GOLDEN_POLICY = Path(__file__).parents[3] / "data" / "session-policy.json"


def test_the_session_policy_is_the_one_that_was_reviewed() -> None:
    policy = session_policy(REGION, ROLE, NAME)
    assert policy == json.loads(GOLDEN_POLICY.read_bytes())


def test_a_session_that_only_reads_may_do_nothing_that_changes_the_registry() -> None:
    allowed, reading = session_policy(REGION, ROLE, NAME, read_only=True)["Statement"]
    assert allowed["Action"] == "ecr:GetAuthorizationToken"
    assert reading["Action"] == [
        "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:GetDownloadUrlForLayer",
        "ecr:ListTagsForResource",
    ]  # fmt: skip


def test_the_session_policy_fits_into_an_sts_request_for_the_longest_repository_name() -> None:
    """STS takes 2,048 characters at most."""
    policy = session_policy(REGION, ROLE, EcrRepository("a" * 256))
    assert len(json.dumps(policy, separators=(",", ":"))) < 2048


def test_the_session_policy_stays_in_the_partition_of_the_role() -> None:
    role = RoleArn("arn:aws-us-gov:iam::123456789012:role/x")
    policy = session_policy(Region("us-gov-west-1"), role, NAME)
    assert policy["Statement"][1]["Resource"] == "arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/team/my-app"
