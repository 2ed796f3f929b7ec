from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldenpath import cli
from goldenpath.errors import BadInput
from goldenpath.release.iam import Subject, trust_policy

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "golden"
WORKFLOW = "mikeybeezy/goldenpath-idp-infra/.github/workflows/_build-and-release.yml@refs/heads/main"
TRUST = ("iam", "trust-policy", "--account=123456789012", "--repository=team/my-app")
#                     golden file                words
DOCUMENTS = {
    "trust-policy-environment.json": (*TRUST, "--environment=prod"),
    "trust-policy-whole.json": (
        *TRUST, "--environment=prod", "--ref=refs/heads/main", "--ref=refs/tags/v*", "--owner-id=12",
        "--repository-id=345", f"--workflow={WORKFLOW}",
    ),
    "push-policy.json": ("iam", "push-policy", "--account=123456789012", "--ecr-repository=team/my-app"),
    "push-policy-china.json": (
        "iam", "push-policy", "--account=123456789012", "--ecr-repository=my-app", "--aws-region=cn-north-1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_are_the_ones_that_were_reviewed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(DOCUMENTS[name]) == 0
    assert capsys.readouterr().out == (GOLDEN / name).read_text(encoding="utf-8")


def test_without_a_wildcard_the_subjects_are_compared_exactly() -> None:
    document = trust_policy("aws", "123456789012", Subject("team/my-app", ("environment:prod",)))
    assert list(document["Statement"][0]["Condition"]) == ["StringEquals"]


@pytest.mark.parametrize(
    ("subject", "workflow", "why"),
    [
        (Subject("team/*", ("environment:prod",)), "", "'team/*' is not owner/name"),
        (Subject("team/app", ()), "", "neither an environment nor a ref was named, and every branch would be trusted"),
        (Subject("team/app", ("environment:*",)), "", "'environment:*' is not environment:NAME or ref:refs/…"),
        (Subject("team/app", ("ref:*",)), "", "'ref:*' is not environment:NAME or ref:refs/…"),
        (Subject("team/app", ("environment:a:b",)), "", "'environment:a:b' is not environment:NAME or ref:refs/…"),
        (Subject("team/app", ("environment:a",), "1"), "", "the two numeric ids belong together"),
        (Subject("team/app", ("environment:a",), "1", "x*"), "", "'x*' is not a number"),
        (Subject("team/app", ("environment:a",)), "*", "'*' is not owner/name/.github/workflows/file.yml@ref"),
    ],
)
def test_words_that_would_trust_more_than_they_seem_to_are_refused(subject: Subject, workflow: str, why: str) -> None:
    with pytest.raises(BadInput) as caught:
        trust_policy("aws", "123456789012", subject, workflow)
    assert caught.value.why == why


def test_a_role_of_the_european_sovereign_cloud_trusts_the_provider_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run((*TRUST, "--environment=prod", "--aws-region=eusc-de-east-1")) == 0
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
