"""IAM policy documents: what they allow, and which tokens a role trusts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.local.aws import policies
from goldenpath.local.aws.policies import PolicyDecision

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
ISSUER = "token.actions.githubusercontent.com"
APP = "arn:aws:ecr:eu-west-2:123456789012:repository/app"


def allow(action: str | list[str] = "ecr:*", resource: str = APP, **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def decide(*statements: dict[str, Any], action: str = "ecr:PutImage", resource: str = APP) -> PolicyDecision:
    return policies.decide({"Statement": list(statements)}, action=action, resource=resource)


def trusts(operator: str, key: str, wanted: str | list[str], **claims: str) -> bool:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {operator: {f"{ISSUER}:{key}": wanted}},
    }
    return policies.trusts({"Statement": statement}, provider=PROVIDER, issuer=ISSUER, claims=claims)


def test_nothing_is_allowed_by_silence() -> None:
    assert decide() is PolicyDecision.NOT_ALLOWED


def test_an_action_is_matched_whatever_its_case() -> None:
    assert decide(allow("ECR:putimage")) is PolicyDecision.ALLOWED


def test_a_resource_of_another_name_is_not_covered() -> None:
    assert decide(allow(), resource=APP + "2") is PolicyDecision.NOT_ALLOWED


def test_a_deny_wins_over_an_allow() -> None:
    assert decide(allow(), {**allow("ecr:Put*"), "Effect": "Deny"}) is PolicyDecision.DENIED


def test_not_action_covers_all_others() -> None:
    statement = {"Effect": "Allow", "NotAction": "ecr:BatchDeleteImage", "Resource": "*"}
    assert decide(statement) is PolicyDecision.ALLOWED
    assert decide(statement, action="ecr:BatchDeleteImage") is PolicyDecision.NOT_ALLOWED


def test_a_statement_without_a_resource_covers_none() -> None:
    assert decide({"Effect": "Allow", "Action": "*"}) is PolicyDecision.NOT_ALLOWED


@given(st.text())
def test_a_star_matches_every_resource(resource: str) -> None:
    assert decide(allow(resource="*"), resource=resource) is PolicyDecision.ALLOWED


@given(st.text(alphabet="[]^$.|\\ab", min_size=1))
def test_only_star_and_question_mark_are_special(literal: str) -> None:
    assert decide(allow(resource=literal), resource=literal) is PolicyDecision.ALLOWED
    assert decide(allow(resource=literal), resource=literal + "x") is PolicyDecision.NOT_ALLOWED


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Statement": "x"}', '{"Statement": [{"Effect": "Maybe"}]}'])
def test_a_text_that_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        policies.parse(text)


def test_a_subject_is_trusted_by_pattern() -> None:
    assert trusts("StringLike", "sub", ["repo:other/*", "repo:octo/app:*"], sub="repo:octo/app:ref:refs/heads/main")
    assert not trusts("StringLike", "sub", "repo:octo/app:*", sub="repo:octo/app2:ref:refs/heads/main")


def test_string_equals_takes_a_star_literally() -> None:
    assert not trusts("StringEquals", "sub", "repo:octo/*", sub="repo:octo/app")


def test_a_missing_claim_meets_only_negations_and_if_exists() -> None:
    assert not trusts("StringEquals", "environment", "prod")
    assert trusts("StringNotEquals", "environment", "prod")
    assert trusts("StringEqualsIfExists", "environment", "prod")


def test_another_provider_is_not_trusted() -> None:
    document = {
        "Statement": [{"Effect": "Allow", "Principal": {"Federated": PROVIDER + "/x"}, "Action": "sts:*"}],
    }
    assert not policies.trusts(document, provider=PROVIDER, issuer=ISSUER, claims={})


def test_an_operator_that_is_not_known_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="the condition operator NumericLessThan is not known to the local emulator"):
        trusts("NumericLessThan", "run_number", "5", run_number="3")


def test_a_claim_that_sts_does_not_know_meets_no_condition() -> None:
    assert trusts(
        "StringEquals",
        "job_workflow_ref",
        "o/p/.github/workflows/w.yml@v",
        job_workflow_ref="o/p/.github/workflows/w.yml@v",
    )
    assert not trusts("StringEquals", "run_id", "7", run_id="7")
