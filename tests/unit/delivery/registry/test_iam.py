from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from goldenpath import cli
from goldenpath.delivery.registry.iam import ISSUER, Subject, trust_policy
from goldenpath.local.aws import policies
from goldenpath.shared.errors import BadInput

GOLDEN = Path(__file__).resolve().parents[3] / "data" / "golden"
FILE = "mikeybeezy/goldenpath-idp-infra/.github/workflows/_build-and-release.yml"
WORKFLOW = f"{FILE}@refs/heads/main"
TRUST = ("iam", "trust-policy", "--account=123456789012", "--repository=team/my-app")
#                     golden file                words
DOCUMENTS = {
    "trust-policy-environment.json": (*TRUST, "--environment=prod", f"--workflow={WORKFLOW}"),
    "trust-policy-whole.json": (
        *TRUST, "--environment=prod", "--ref=refs/heads/main", "--ref=refs/tags/v*", "--owner-id=12",
        "--repository-id=345", f"--workflow={WORKFLOW}", f"--workflow={FILE}@refs/tags/v1.2.3",
    ),
    "trust-policy-bases.json": (
        *TRUST, "--pull-requests", "--ref=refs/heads/main", "--ref=refs/heads/gh-readonly-queue/*",
        f"--workflow={WORKFLOW}",
    ),
    "pull-policy.json": (
        "iam", "pull-policy", "--account=123456789012", "--ecr-repository=base/python", "--ecr-repository=base/node",
    ),
    "push-policy.json": ("iam", "push-policy", "--account=123456789012", "--ecr-repository=team/my-app"),
    "push-policy-signed.json": (
        "iam", "push-policy", "--account=123456789012", "--ecr-repository=team/my-app",
        "--signing-profile=arn:aws:signer:eu-west-2:123456789012:/signing-profiles/release",
    ),
    "push-policy-china.json": (
        "iam", "push-policy", "--account=123456789012", "--ecr-repository=my-app", "--aws-region=cn-north-1",
    ),
}  # fmt: skip
SUBJECT = Subject("team/my-app", ("prod",), ("refs/heads/main",), (WORKFLOW,), owner_id="12", repository_id="345")
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
# The claims of the run that SUBJECT means.
CLAIMS = {
    "aud": "sts.amazonaws.com", "sub": "repo:team/my-app:environment:prod", "repository_id": "345",
    "environment": "prod", "ref": "refs/heads/main", "job_workflow_ref": WORKFLOW,
}  # fmt: skip


def trusts(subject: Subject, **changed: str) -> bool:
    """Tell whether a token with CLAIMS, some of them `changed` (empty: left out), gets in as AWS decides it."""
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value}
    document = trust_policy("aws", "123456789012", subject)
    return policies.trusts(document, provider=PROVIDER, issuer=ISSUER, claims=claims)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_are_the_ones_that_were_reviewed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(DOCUMENTS[name]) == 0
    assert capsys.readouterr().out == (GOLDEN / name).read_text(encoding="utf-8")


def test_a_role_for_base_images_trusts_pull_requests_of_its_repository_only() -> None:
    subject = Subject("team/my-app", (), ("refs/heads/main",), (WORKFLOW,), pull_requests=True)
    pull = {"sub": "repo:team/my-app:pull_request", "ref": "refs/pull/7/merge", "environment": ""}
    assert trusts(subject, **pull)
    assert trusts(subject, sub="repo:team/my-app:ref:refs/heads/main", environment="")
    assert not trusts(subject, **{**pull, "sub": "repo:team/other:pull_request"})
    assert not trusts(subject, **{**pull, "job_workflow_ref": f"{FILE}@refs/heads/mine"})
    assert not trusts(subject, sub="repo:team/my-app:ref:refs/heads/mine", ref="refs/heads/mine", environment="")
    assert not trusts(replace(subject, pull_requests=False), **pull)
    assert trusts(replace(subject, refs=()), **pull)
    with pytest.raises(BadInput, match="would not trust what you mean") as caught:
        trusts(replace(subject, environments=("prod",)), **pull)
    assert "give them a role of their own" in caught.value.why


def test_without_a_wildcard_everything_is_compared_exactly() -> None:
    document = trust_policy("aws", "123456789012", SUBJECT)
    (operator,) = document["Statement"][0]["Condition"]
    assert operator == "StringEquals"
    assert set(document["Statement"][0]["Condition"][operator]) == {f"{ISSUER}:{claim}" for claim in CLAIMS}


def test_a_role_trusts_tokens_for_the_audience_that_is_named() -> None:
    document = trust_policy("aws-cn", "123456789012", SUBJECT, "sts.amazonaws.com.cn")
    assert document["Statement"][0]["Condition"]["StringEquals"][f"{ISSUER}:aud"] == "sts.amazonaws.com.cn"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("sub", "repo:team/my-app:environment:dev"),
        ("sub", "repo:team/my-app:ref:refs/heads/main"),
        ("sub", "repo:team@12/my-app@346:environment:prod"),
        ("environment", "dev"),
        ("environment", ""),
        ("ref", "refs/heads/feature"),
        ("ref", "refs/tags/v1.2.3"),
        ("ref", ""),
        ("repository_id", "346"),
        ("job_workflow_ref", f"{FILE}@refs/heads/feature"),
        ("job_workflow_ref", f"{FILE}@refs/tags/v0.1.0"),
        ("job_workflow_ref", f"{FILE}@{'a' * 40}"),
        ("job_workflow_ref", "team/my-app/.github/workflows/own.yml@refs/heads/main"),
        ("aud", "https://github.com/team"),
    ],
)
def test_each_claim_must_hold(claim: str, value: str) -> None:
    assert trusts(SUBJECT)
    assert not trusts(SUBJECT, **{claim: value})


def test_both_forms_of_a_subject_are_trusted() -> None:
    assert trusts(SUBJECT, sub="repo:team@12/my-app@345:environment:prod")


def test_the_repository_of_a_managed_user_is_trusted() -> None:
    subject = replace(SUBJECT, repository="jdoe_acme/my-app")
    assert trusts(subject, sub="repo:jdoe_acme/my-app:environment:prod", repository="jdoe_acme/my-app")


def test_without_an_environment_the_job_must_be_bound_to_none() -> None:
    subject = replace(SUBJECT, environments=(), refs=("refs/heads/main", "refs/tags/v*"))
    assert trusts(subject, sub="repo:team/my-app:ref:refs/tags/v1.2.3", ref="refs/tags/v1.2.3", environment="")
    assert not trusts(subject)


def test_any_workflow_is_trusted_only_where_that_is_said() -> None:
    own = "team/my-app/.github/workflows/own.yml@refs/heads/main"
    assert trusts(replace(SUBJECT, workflows=(), any_workflow=True), job_workflow_ref=own)


_NOTHING = Subject("team/app", ("prod",), workflows=(WORKFLOW,))


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        (replace(_NOTHING, repository="team/*"), "'team/*' is not owner/name"),
        (replace(_NOTHING, environments=()),
         "neither an environment nor a ref was named, and every branch would be trusted"),
        (replace(_NOTHING, environments=("*",)), "'*' is not the name of a GitHub environment"),
        (replace(_NOTHING, environments=("a:b",)), "'a:b' is not the name of a GitHub environment"),
        (replace(_NOTHING, environments=("${aws:x}",)), "'${aws:x}' is not the name of a GitHub environment"),
        (replace(_NOTHING, refs=("*",)), "'*' is not a ref like refs/heads/main"),
        (replace(_NOTHING, refs=("main",)), "'main' is not a ref like refs/heads/main"),
        (replace(_NOTHING, owner_id="1"), "the two numeric ids belong together"),
        (replace(_NOTHING, owner_id="1", repository_id="x*"), "'x*' is not a number"),
        (replace(_NOTHING, any_workflow=True), "`--workflow` and `--any-workflow` contradict one another"),
    ],
)  # fmt: skip
def test_words_that_would_trust_more_than_they_seem_to_are_refused(subject: Subject, why: str) -> None:
    with pytest.raises(BadInput) as caught:
        trust_policy("aws", "123456789012", subject)
    assert caught.value.why == why


@pytest.mark.parametrize(
    ("workflow", "why"),
    [
        ("", "no workflow was named with `--workflow`: any workflow of the repository could assume the role"),
        ("*", "'*' has a wildcard"),
        (f"{FILE}@refs/tags/v*", "the app could call the oldest version of the gates, or one that anybody pushed"),
        (f"{FILE}@refs/heads/*", "has a wildcard"),
        (f"{FILE}@refs/tags/v?.0.0", "has a wildcard"),
        (f"{FILE}@main", "with a whole ref, like refs/heads/main or refs/tags/v1.2.3, or a full commit id"),
        (f"{FILE}@{'a' * 7}", "with a whole ref, like refs/heads/main or refs/tags/v1.2.3, or a full commit id"),
        (FILE, "is not owner/name/.github/workflows/file.yml@ref"),
    ],
)
def test_a_version_of_the_gates_that_nobody_chose_is_not_trusted(workflow: str, why: str) -> None:
    with pytest.raises(BadInput) as caught:
        trust_policy("aws", "123456789012", replace(_NOTHING, workflows=(workflow,) if workflow else ()))
    assert why in caught.value.why


@pytest.mark.parametrize("ref", ["refs/heads/main", "refs/tags/v1.2.3", "a" * 40])
def test_a_branch_a_tag_or_a_commit_of_the_platform_is_trusted_by_its_name(ref: str) -> None:
    document = trust_policy("aws", "123456789012", replace(_NOTHING, workflows=(f"{FILE}@{ref}",)))
    condition = document["Statement"][0]["Condition"]["StringEquals"]
    assert condition[f"{ISSUER}:job_workflow_ref"] == f"{FILE}@{ref}"


def test_a_role_of_the_european_sovereign_cloud_trusts_the_provider_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run((*TRUST, "--environment=prod", "--any-workflow", "--aws-region=eusc-de-east-1")) == 0
    (statement,) = json.loads(capsys.readouterr().out)["Statement"]
    assert statement["Principal"]["Federated"].startswith("arn:aws-eusc:iam::123456789012:oidc-provider/")


def test_a_region_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run((*TRUST, "--environment=prod", "--aws-region=frankfurt")) == 2
    assert "`aws_region`: 'frankfurt' is not an AWS region (like `eu-west-2`)" in capsys.readouterr().out


def test_an_account_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(("iam", "push-policy", "--account=12", "--ecr-repository=my-app")) == 2
    assert "`--account`: '12' is not an AWS account id (12 digits)" in capsys.readouterr().out


def test_every_document_is_json_that_a_request_can_carry() -> None:
    for name in DOCUMENTS:
        assert len(json.dumps(json.loads((GOLDEN / name).read_text(encoding="utf-8")))) < 2048  # IAM's limit for trust
