"""A registry's way out, and the report on those that stay: real git, real Terraform, emulated AWS, GitHub's double."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from tests.tools.registries.test_apply import MANIFEST
from tests.tools.registry_platform import BASE, Platform, git

from goldenpath.registries import workflow_commands
from goldenpath.registries.request import known_environments
from goldenpath.shared.errors import ApprovalMissing, PolicyNotDescribed, RetirementRefused

pytestmark = pytest.mark.tools


def in_days(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Let the commands think that it is `days` days later."""

    class Later(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            return dt.datetime.now(tz) + dt.timedelta(days=days)

    class Module:
        UTC, datetime, timedelta = dt.UTC, Later, dt.timedelta

    monkeypatch.setattr(workflow_commands, "dt", Module)


def retired(platform: Platform, step: str, grace_days: int = 30) -> None:
    platform.run(platform.clone(), "retire", environment="dev", name="my-app", step=step, grace_days=str(grace_days))


def test_a_registry_is_deprecated_then_removed_with_its_images_listed(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.made()
    ecr = platform.world.client("ecr")
    ecr.put_image(repositoryName="my-app", imageManifest=MANIFEST, imageTag="dev-a1b2c3d")
    retired(platform, "deprecate")
    assert "This is the notice to its owner, team-web" in platform.threads[1].body
    platform.apply(platform.merge(2))
    policy = json.loads(ecr.get_repository_policy(repositoryName="my-app")["policyText"])
    assert policy["Statement"][0]["Effect"] == "Deny"
    assert [each.title for each in platform.github.threads.of("octo/my-app")] == [
        "Your registry my-app in dev is ready",
        "Your registry my-app in dev is deprecated",
    ]
    with pytest.raises(RetirementRefused, match="my-app in dev is not retired"):
        retired(platform, "remove")
    in_days(monkeypatch, 31)
    retired(platform, "remove")
    assert "Images that are deleted with it: 1." in platform.threads[2].body
    platform.apply(platform.merge(3))
    assert platform.names() == []
    kept = platform.folder.glob("run-*-temp/goldenpath/registry/backup/dev-my-app.json")
    proposed, removed = sorted(kept, key=lambda path: path.stat().st_mtime_ns)
    assert [each["manifest"] for each in json.loads(proposed.read_bytes())["images"]] == [None]
    listed = json.loads(removed.read_bytes())["images"]
    assert [(each["tags"], json.loads(each["manifest"])) for each in listed] == [
        (["dev-a1b2c3d"], json.loads(MANIFEST))
    ]


def test_archived_images_are_shown_and_removed_with_the_rest(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.made()
    ecr = platform.world.client("ecr")
    ecr.put_image(repositoryName="my-app", imageManifest=MANIFEST, imageTag="dev-a1b2c3d")
    asked = {"repositoryName": "my-app", "imageId": {"imageTag": "dev-a1b2c3d"}}
    ecr.update_image_storage_class(**asked, targetStorageClass="ARCHIVE")
    retired(platform, "deprecate")
    platform.apply(platform.merge(2))
    in_days(monkeypatch, 31)
    retired(platform, "remove")
    assert "Images that are deleted with it: 1, of which 1 are archived." in platform.threads[2].body
    platform.apply(platform.merge(3))
    assert platform.names() == []


def removal_proposed(platform: Platform, monkeypatch: pytest.MonkeyPatch, tag: str) -> None:
    """Make a registry that holds an image under `tag`, let its grace period pass, and propose its removal."""
    platform.made()
    platform.world.client("ecr").put_image(repositoryName="my-app", imageManifest=MANIFEST, imageTag=tag)
    retired(platform, "deprecate")
    platform.apply(platform.merge(2))
    in_days(monkeypatch, 31)
    retired(platform, "remove")


def test_a_registry_with_prod_releases_goes_only_when_a_second_person_approved(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    removal_proposed(platform, monkeypatch, "prod-a1b2c3d")
    assert "**It is still in use: it holds releases of prod: prod-a1b2c3d.**" in platform.threads[2].body
    event = platform.merge(3, approved=False)
    platform.approve(3, "Octocat")  # who asked for it
    with pytest.raises(ApprovalMissing) as refused:
        platform.apply(event)
    assert refused.value.why.startswith("It was asked for, or edited, by octocat; ")
    assert platform.names() == ["my-app"]
    platform.approve(3)
    platform.apply(event)
    assert platform.names() == []


def test_signs_of_use_that_the_proposal_did_not_show_stop_the_removal_whoever_approved(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    removal_proposed(platform, monkeypatch, "dev-a1b2c3d")
    assert "Nothing in it was pulled" in platform.threads[2].body
    platform.world.client("ecr").put_image(repositoryName="my-app", imageManifest=MANIFEST, imageTag="prod-a1b2c3d")
    event = platform.merge(3)
    with pytest.raises(RetirementRefused) as refused:
        platform.apply(event)
    assert refused.value.why == "it holds releases of prod: prod-a1b2c3d; the proposal did not show this"
    assert platform.names() == ["my-app"]
    checkout = platform.clone()
    git(checkout, "revert", "--no-edit", "--mainline=1", "HEAD")
    git(checkout, "push", "--quiet", "origin", f"HEAD:{BASE}")
    retired(platform, "remove")
    platform.apply(platform.merge(4))
    assert platform.names() == []


def test_a_removal_without_signs_of_use_needs_a_second_person_too(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    removal_proposed(platform, monkeypatch, "dev-a1b2c3d")
    event = platform.merge(3, squash=True, approved=False)
    with pytest.raises(ApprovalMissing):
        platform.apply(event)
    assert platform.names() == ["my-app"]
    platform.approve(3)
    platform.apply(event)
    assert platform.names() == []


def test_hygiene_reports_in_one_issue_and_changes_nothing(platform: Platform) -> None:
    platform.made()
    ecr = platform.world.client("ecr")
    ecr.put_image(repositoryName="my-app", imageManifest=MANIFEST)
    for sign in "ab":
        # moto tells images apart by their layers alone.
        layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "size": 1, "digest": "sha256:" + sign * 64}
        another = json.dumps({**json.loads(MANIFEST), "layers": [layer]})
        ecr.put_image(repositoryName="my-app", imageManifest=another, imageTag=f"dev-{sign}1b2c3d")
    ecr.start_image_scan(repositoryName="my-app", imageId={"imageTag": "dev-a1b2c3d"})
    ecr.create_repository(repositoryName="by-hand")
    assert "1 of 2 (50 %) comply" in platform.run(platform.clone(), "hygiene")
    issue = platform.threads[-1]
    assert (issue.title, issue.labels) == ("Registries: hygiene report", ["ecr-hygiene"])
    assert "| my-app | team-web | 3 | 0 | 1 | 0 | 0 | 1 | 1 |" in issue.body
    assert "- `hello-web`: the repository does not exist" in issue.body
    assert f"- `by-hand` ({', '.join(known_environments())}): made by hand" in issue.body
    assert 'create module.ecr\\_repositories\\["hello-web"\\].aws\\_ecr\\_repository.this' in issue.body
    platform.run(platform.clone(), "hygiene")
    assert len(platform.threads) == 2
    assert platform.names() == ["by-hand", "my-app"]


BY_LAMBDA = {
    "Sid": "LambdaECRImageRetrievalPolicy", "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:SetRepositoryPolicy"],
    "Condition": {"StringLike": {"aws:sourceArn": "arn:aws:lambda:eu-west-2:123456789012:function:*"}},
}  # fmt: skip


def test_a_policy_that_nobody_described_survives_a_deprecation_and_its_end(platform: Platform) -> None:
    platform.made()
    ecr = platform.world.client("ecr")

    def sids() -> list[str]:
        policy = json.loads(ecr.get_repository_policy(repositoryName="my-app")["policyText"])
        return [statement["Sid"] for statement in policy["Statement"]]

    ecr.set_repository_policy(repositoryName="my-app", policyText=json.dumps({"Statement": [BY_LAMBDA]}))
    with pytest.raises(PolicyNotDescribed) as refused:
        retired(platform, "deprecate")
    assert 'Add `pull_lambda_accounts = ["123456789012"]` to the entry of my-app' in refused.value.fix
    described = '\n      pull_lambda_accounts = ["123456789012"]\n'
    platform.edit("envs/dev/ecr.tf", 'requester = "octocat"\n      domain    = "shop"\n      risk      = "low"\n',
                  f'requester = "octocat"\n      domain    = "shop"\n      risk      = "low"\n{described}')  # fmt: skip
    retired(platform, "deprecate")
    assert "### What leaves the repository policy" in platform.threads[1].body
    assert "LambdaECRImageRetrievalPolicy Allow" in platform.threads[1].body
    platform.apply(platform.merge(2))
    assert sids() == ["DeprecatedRefusesPush", "PullByLambda"]
    dates = re.search(
        r"\n\n +deprecated_since = .*\n +remove_after     = .*\n", (platform.clone() / "envs/dev/ecr.tf").read_text()
    )
    assert dates
    platform.edit("envs/dev/ecr.tf", dates[0], "\n")
    platform.propose()
    platform.apply(platform.merge(3))
    assert sids() == ["PullByLambda"]
