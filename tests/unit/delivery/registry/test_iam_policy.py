"""Session policies: what a release may do, and no more."""

from __future__ import annotations

import json
from pathlib import Path

from goldenpath.delivery.registry.iam import session_policy
from goldenpath.shared.names import EcrRepository, Region, RoleArn, SigningProfile
from tests.unit.aws_client import REGION

ROLE = RoleArn("arn:aws:iam::123456789012:role/deliver-dev")


NAME = EcrRepository("team/my-app")
PROFILE = SigningProfile("arn:aws:signer:eu-west-2:123456789012:/signing-profiles/release")


GOLDEN_POLICY = Path(__file__).parents[3] / "data" / "session-policy.json"


def test_the_session_policy_is_the_one_that_was_reviewed() -> None:
    policy = session_policy(REGION, ROLE, NAME)
    assert policy == json.loads(GOLDEN_POLICY.read_bytes())


def test_a_session_that_only_reads_may_do_nothing_that_changes_the_registry() -> None:
    allowed, reading = session_policy(REGION, ROLE, NAME, read_only=True)["Statement"]
    assert allowed["Action"] == ["ecr:DescribeRegistry", "ecr:GetAuthorizationToken", "ecr:GetSigningConfiguration"]
    assert reading["Action"] == [
        "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:GetDownloadUrlForLayer",
        "ecr:ListTagsForResource",
    ]  # fmt: skip


def test_the_session_policy_fits_into_an_sts_request_for_the_longest_repository_name() -> None:
    """STS takes 2,048 characters at most."""
    profiles = [SigningProfile(f"{PROFILE}{'x' * 56}{number}") for number in range(5)]
    policy = session_policy(REGION, ROLE, EcrRepository("a" * 256), signing_profiles=profiles)
    assert len(json.dumps(policy, separators=(",", ":"))) < 2048


def test_a_session_may_have_ecr_sign_with_the_profiles_that_the_platform_names_and_no_others() -> None:
    pushing, signing = session_policy(REGION, ROLE, NAME, signing_profiles=[PROFILE])["Statement"][1:]
    assert "ecr:DescribeImageSigningStatus" in pushing["Action"]
    assert signing == {
        "Effect": "Allow", "Action": ["signer:GetSigningProfile", "signer:SignPayload"], "Resource": PROFILE,
    }  # fmt: skip
    reading = session_policy(REGION, ROLE, NAME, signing_profiles=[PROFILE], read_only=True)
    assert "signer:" not in json.dumps(reading)


def test_the_session_policy_stays_in_the_partition_of_the_role() -> None:
    role = RoleArn("arn:aws-us-gov:iam::123456789012:role/x")
    policy = session_policy(Region("us-gov-west-1"), role, NAME)
    assert policy["Statement"][1]["Resource"] == "arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/team/my-app"
