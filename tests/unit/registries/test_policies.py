"""Who may pull by a repository policy, in the fields of `ecr.tf`, and what a change would take away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goldenpath.registries import policies

OWN, OTHER, ORGANIZATION = "123456789012", "210987654321", "o-a1b2c3d4e5"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
ROOT = {"AWS": f"arn:aws:iam::{OTHER}:root"}
LAMBDA = {"Service": "lambda.amazonaws.com"}
# As Lambda's console writes it.
BY_LAMBDA = {
    "Sid": "LambdaECRImageRetrievalPolicy", "Effect": "Allow", "Principal": LAMBDA,
    "Action": ["ecr:BatchGetImage", "ecr:DeleteRepositoryPolicy", "ecr:GetDownloadUrlForLayer",
               "ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy"],
    "Condition": {"StringLike": {"aws:sourceArn": f"arn:aws:lambda:eu-west-2:{OWN}:function:*"}},
}  # fmt: skip
DENY = {"Sid": "DeprecatedRefusesPush", "Effect": "Deny", "Principal": "*", "Action": ["ecr:PutImage"]}


def allow(principal: Any, actions: Any = PULL, **more: Any) -> dict[str, Any]:  # noqa: ANN401  any value of JSON
    return {"Effect": "Allow", "Principal": principal, "Action": actions, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("statement", "fields"),
    [
        (allow(ROOT), {"pull_accounts": (OTHER,)}),
        (allow({"AWS": [OTHER, f"arn:aws-cn:iam::{OWN}:root"]}), {"pull_accounts": (OWN, OTHER)}),
        (allow(ROOT, "ecr:BatchGetImage"), {"pull_accounts": (OTHER,)}),
        (allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}),
         {"pull_organizations": (ORGANIZATION,)}),
        (BY_LAMBDA, {"pull_lambda_accounts": (OWN,)}),
        (allow(LAMBDA, PULL[:2]), {"pull_lambda_accounts": (OWN,)}),
        (allow(LAMBDA, PULL[:2], Condition={"StringEquals": {"aws:SourceAccount": [OTHER]}}),
         {"pull_lambda_accounts": (OTHER,)}),
    ],
)  # fmt: skip
def test_a_statement_that_lets_somebody_pull_is_described_by_a_field(
    statement: dict[str, Any], fields: dict[str, tuple[str, ...]]
) -> None:
    assert policies.fields_for(policy(statement), OWN) == fields


@pytest.mark.parametrize(
    "statement",
    [
        DENY,
        allow("*"),
        allow(ROOT, "ecr:*"),
        allow(ROOT, [*PULL, "ecr:PutImage"]),
        allow({"AWS": f"arn:aws:iam::{OTHER}:role/ci"}),
        allow({"AWS": [OTHER, f"arn:aws:iam::{OTHER}:role/ci"]}),
        allow({"Service": "codebuild.amazonaws.com"}),
        allow(ROOT, Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        allow("*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": ORGANIZATION}}),
        allow("*", Condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}}),
        allow("*", Condition=7),
        allow(LAMBDA, [*PULL, "ecr:PutImage"]),
        allow(LAMBDA, Condition={"StringLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:*"}}),
        {"Effect": "Allow", "NotPrincipal": ROOT, "Action": PULL},
        {"Effect": "Allow", "Principal": ROOT, "NotAction": PULL},
        allow(7, 7),
    ],
)
def test_a_statement_that_means_more_or_something_else_is_described_by_none(statement: dict[str, Any]) -> None:
    (lost,) = policies.undescribed(policy(statement), policy(allow(OTHER)), OWN)
    assert (lost.fields, policies.merged_setting([lost])) == ({}, "")


def test_what_lambda_wrote_by_itself_would_be_lost_by_a_deprecation() -> None:
    (lost,) = policies.undescribed(policy(BY_LAMBDA), policy(DENY), OWN)
    assert lost.statement.startswith("LambdaECRImageRetrievalPolicy Allow ecr:BatchGetImage, ")
    assert policies.merged_setting([lost]) == f'`pull_lambda_accounts = ["{OWN}"]`'


def test_nothing_is_lost_where_the_planned_policy_gives_it_too() -> None:
    ours = allow(LAMBDA, PULL[:2], Condition={"ArnLike": {"aws:SourceArn": [f"arn:*:lambda:*:{OWN}:function:*"]}})
    assert policies.undescribed(policy(BY_LAMBDA), policy(DENY, ours), OWN) == ()
    assert len(policies.replaced(policy(BY_LAMBDA), policy(DENY, ours))) == 1
    assert policies.undescribed(policy(allow(ROOT)), policy(allow({"AWS": [OTHER]})), OWN) == ()


def test_what_was_described_before_may_go() -> None:
    assert policies.undescribed(policy(DENY, allow(ROOT)), "", OWN, known=policy(DENY, allow(ROOT))) == ()
    assert len(policies.undescribed(policy(DENY, allow(ROOT)), "", OWN, known=policy(DENY))) == 1
    assert policies.undescribed("", policy(DENY), OWN) == ()


def test_a_policy_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="the repository policy cannot be read"):
        policies.undescribed("x", policy(DENY), OWN)


@pytest.mark.parametrize("everybody", ["*", {"AWS": "*"}, {"AWS": ["*", OTHER]}])
def test_a_statement_for_everybody_is_open_unless_it_has_a_condition(everybody: Any) -> None:  # noqa: ANN401
    assert policies.is_open_to_everybody(allow(everybody))
    assert not policies.is_open_to_everybody({**allow(everybody), "Effect": "Deny"})
    assert not policies.is_open_to_everybody(allow(everybody, Condition={"Bool": {"aws:SecureTransport": "true"}}))
    assert not policies.is_open_to_everybody(allow(ROOT))
