from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from goldenpath.registries.account import account_checks, role_policies
from goldenpath.registries.account.account_checks import Expected
from goldenpath.registries.account.account_facts import ISSUER, AccountFacts, BucketFacts, RoleFacts
from goldenpath.registries.account.role_policies import RoleScope
from goldenpath.registries.aws.creation_templates import TemplateFacts
from goldenpath.shared.check_result import Level, Remark

ACCOUNT, REGION = "123456789012", "eu-west-2"
SCOPE = RoleScope("aws", ACCOUNT, REGION, "dev", "our-state")
EXPECTED = Expected("our-org/platform", state_bucket="our-state")
W = "our-org/platform/.github/workflows"
PLAN = {
    "aud": "sts.amazonaws.com",
    "sub": "repo:our-org/platform:ref:refs/heads/main",
    "repository_id": "345",
    "job_workflow_ref": [f"{W}/create-ecr-registry.yml@refs/heads/development", f"{W}/ecr-hygiene.yml@refs/heads/main"],
}
APPLY = {
    **PLAN,
    "environment": "registry-apply-dev",
    "sub": "repo:our-org/platform:environment:registry-apply-dev",
    "job_workflow_ref": f"{W}/_apply-registries.yml@refs/heads/main",
}


def trust(claims: dict[str, Any], operator: str = "StringEquals") -> dict[str, Any]:
    """Return a trust policy that asks for these claims."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {operator: {f"{ISSUER}:{claim}": value for claim, value in claims.items()}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def role(name: str, claims: dict[str, Any], *policies: dict[str, Any], has_boundary: bool = True) -> RoleFacts:
    return RoleFacts(name, f"arn:aws:iam::{ACCOUNT}:role/{name}", trust(claims), policies, has_boundary=has_boundary)


ROLES = (
    role("goldenpath-plan-dev", PLAN, role_policies.plan_policy(SCOPE)),
    role("goldenpath-apply-dev", APPLY, role_policies.apply_policy(SCOPE)),
)
HEALTHY = AccountFacts(
    account=ACCOUNT,
    region=REGION,
    audiences=("sts.amazonaws.com",),
    roles=ROLES,
    bucket=BucketFacts("our-state", versioned=True, private=True, encrypted=True),
    scanned_on_push=("*",),
    excluded=frozenset(one.arn for one in ROLES),
    templates=(TemplateFacts("ROOT", on_push=True, immutable=True, expires=True, refuses_pulls=True),),
)


def problems(facts: AccountFacts, expected: Expected = EXPECTED) -> list[Remark]:
    return [remark for remark in account_checks.check(facts, expected) if remark.level is not Level.GOOD]


def test_a_healthy_account_has_nothing_to_do() -> None:
    assert problems(HEALTHY) == []


FAULTS = [
    (replace(HEALTHY, audiences=None), "has no OIDC provider for GitHub"),
    (replace(HEALTHY, audiences=("other",)), "accepts the audience other, not sts.amazonaws.com"),
    (replace(HEALTHY, audiences=()), "accepts the audience (none)"),
    (replace(HEALTHY, roles=ROLES[:1]), "there is no role goldenpath-apply-dev"),
    (replace(HEALTHY, bucket=BucketFacts("our-state", missing=True)), "there is no bucket our-state"),
    (replace(HEALTHY, bucket=BucketFacts("our-state", private=True)), "is not versioned and is not encrypted"),
    (replace(HEALTHY, bucket=BucketFacts("our-state", versioned=True, encrypted=True)), "may be public"),
    (replace(HEALTHY, bucket=None), "was not looked at"),
    (replace(HEALTHY, scanned_on_push=()), "only where a repository says so"),
    (replace(HEALTHY, scanned_on_push=("team-*",)), "only in team-*"),
    (replace(HEALTHY, excluded=frozenset()), "what goldenpath-plan-dev, goldenpath-apply-dev reads counts as use"),
    (
        replace(HEALTHY, templates=(replace(HEALTHY.templates[0], expires=False),)),
        "a push makes ECR repositories by itself (ROOT)",
    ),
]


@pytest.mark.parametrize(("facts", "words"), FAULTS)
def test_each_fault_of_an_account_is_reported_with_what_to_do(facts: AccountFacts, words: str) -> None:
    found = [remark for remark in problems(facts) if words in remark.what]

    assert len(found) == 1, problems(facts)
    assert found[0].fix


def without(*claims: str) -> dict[str, Any]:
    return {name: value for name, value in APPLY.items() if name not in claims}


ANY, BY_NAME = "trusts the runs of any repository of GitHub", "by its name only"
WORKFLOW, VERSION = "lets in any workflow of its repository", "lets in any version of the workflow"
LOOSE = [
    (without("aud"), Level.WARNING, Level.WARNING, "does not ask for an audience"),
    (without("sub", "repository_id"), Level.ERROR, Level.ERROR, ANY),
    ({**without("repository_id"), "sub": "repo:*"}, Level.ERROR, Level.ERROR, ANY),
    ({**without("repository_id"), "sub": ["repo:our-org/app:*", "*"]}, Level.ERROR, Level.ERROR, ANY),
    (without("repository_id"), Level.WARNING, Level.WARNING, BY_NAME),
    (without("job_workflow_ref"), Level.ERROR, Level.WARNING, WORKFLOW),
    ({**APPLY, "job_workflow_ref": f"{W}/x.yml@refs/tags/v*"}, Level.ERROR, Level.WARNING, VERSION),
]


@pytest.mark.parametrize(("claims", "of_ours", "of_others", "words"), LOOSE)
def test_a_role_that_trusts_too_much_is_found_whoever_made_it(
    claims: dict[str, Any], of_ours: Level, of_others: Level, words: str
) -> None:
    for name, level in (("goldenpath-release-app", of_ours), ("their-own", of_others)):
        remarks = [one for one in account_checks.trust(role(name, claims), "goldenpath-") if words in one.what]
        assert [remark.level for remark in remarks] == [level]
        assert remarks[0].what.startswith(name)


def test_a_repository_s_number_is_as_good_as_its_subject() -> None:
    (remark,) = account_checks.trust(role("goldenpath-x", without("sub")), "goldenpath-")

    assert remark.level is Level.GOOD


def test_a_role_of_somebody_else_may_pull_without_an_exclusion() -> None:
    facts = replace(HEALTHY, roles=(*ROLES, role("their-own", APPLY)))

    assert problems(facts) == []


@pytest.mark.parametrize("operator", ["StringEqualsIfExists", "ForAllValues:StringEquals", "StringNotEquals"])
def test_a_condition_that_a_missing_claim_meets_asks_for_nothing(operator: str) -> None:
    facts = RoleFacts("role", "arn:aws:iam::1:role/role", trust(APPLY, operator))

    assert any("any repository" in remark.what for remark in account_checks.trust(facts, "goldenpath-"))


def test_each_statement_of_a_trust_policy_counts() -> None:
    both = {"Statement": [*trust(APPLY)["Statement"], *trust(without("sub", "repository_id"))["Statement"]]}

    assert any("any repository" in remark.what for remark in account_checks.trust(RoleFacts("r", "arn", both), "r"))


RUNS = [
    ({**APPLY, "environment": "release"}, "does not ask for the GitHub environment registry-apply-dev"),
    (without("environment"), "does not ask for the GitHub environment registry-apply-dev"),
    ({**APPLY, "job_workflow_ref": f"{W}/mine.yml@refs/heads/main"}, "does not trust _apply-registries.yml"),
    (
        {**APPLY, "job_workflow_ref": "evil/platform/.github/workflows/_apply-registries.yml@refs/heads/main"},
        "trusts workflows of another repository than our-org/platform",
    ),
]


@pytest.mark.parametrize(("claims", "words"), RUNS)
def test_an_apply_role_trusts_the_apply_of_its_environment_only(claims: dict[str, Any], words: str) -> None:
    roles = (ROLES[0], role("goldenpath-apply-dev", claims, role_policies.apply_policy(SCOPE)))

    assert any(words in remark.what for remark in problems(replace(HEALTHY, roles=roles)))


def test_rights_that_are_missing_are_named() -> None:
    roles = (role("goldenpath-plan-dev", PLAN, {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}),)
    (error,) = [remark for remark in account_checks.permissions(roles[0], role_policies.plan_policy(SCOPE))
                if remark.level is Level.ERROR]  # fmt: skip

    assert "ecr:DescribeRepositories" in error.what
    assert "s3:" not in error.what


BEYOND = [
    {"Effect": "Allow", "Action": ["ecr:PutImage"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["ecr:DescribeImages"], "Resource": "*"},
    {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::our-state/envs/prod/terraform.tfstate"},
    {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": "arn:aws:s3:::*"},
    {"Effect": "Allow", "Action": "*", "Resource": "*"},
]


@pytest.mark.parametrize("statement", BEYOND)
def test_rights_that_nobody_needs_are_named(statement: dict[str, Any]) -> None:
    wanted = role_policies.plan_policy(SCOPE)
    remarks = list(account_checks.permissions(role("r", PLAN, wanted, {"Statement": [statement]}), wanted))

    assert [remark.level for remark in remarks] == [Level.WARNING]
    assert "more rights than it needs" in remarks[0].what


def test_rights_to_less_than_is_needed_are_not_too_many() -> None:
    wanted = role_policies.plan_policy(SCOPE)
    one = {
        "Effect": "Allow",
        "Action": ["ecr:ListImages"],
        "Resource": "arn:aws:ecr:eu-west-2:123456789012:repository/a",
    }

    assert [
        remark.level for remark in account_checks.permissions(role("r", PLAN, wanted, {"Statement": one}), wanted)
    ] == [Level.GOOD]


def test_a_bucket_that_is_not_named_is_no_fault_of_a_role() -> None:
    assert problems(HEALTHY, replace(EXPECTED, state_bucket="")) == []


def test_keys_of_entries_are_no_right_too_many() -> None:
    key = "arn:aws:kms:eu-west-2:123456789012:key/1"
    roles = (ROLES[0], role("goldenpath-apply-dev", APPLY, role_policies.apply_policy(SCOPE, (key,))))

    assert problems(replace(HEALTHY, roles=roles)) == []


def test_a_role_without_a_boundary_is_warned_of() -> None:
    roles = (ROLES[0], replace(ROLES[1], has_boundary=False))

    assert [remark.level for remark in problems(replace(HEALTHY, roles=roles))] == [Level.WARNING]


def test_an_account_whose_roles_have_other_names_is_not_guessed_at() -> None:
    remarks = problems(
        replace(HEALTHY, roles=(role("apply", APPLY),), excluded=frozenset({f"arn:aws:iam::{ACCOUNT}:role/apply"}))
    )

    assert [remark.level for remark in remarks] == [Level.LEFT_OUT]


def test_environments_that_are_named_are_looked_for() -> None:
    remarks = problems(HEALTHY, replace(EXPECTED, environments=("dev", "prod")))

    assert [remark.what for remark in remarks] == [
        "there is no role goldenpath-plan-prod that trusts GitHub",
        "there is no role goldenpath-apply-prod that trusts GitHub",
    ]
