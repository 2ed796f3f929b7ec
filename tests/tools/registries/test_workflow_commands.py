"""The wizard, the apply on merge and the retirement: real git, real Terraform, emulated AWS, and GitHub's double."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from tests.terraform_provider import world as worlds
from tests.tools import registry_platform
from tests.tools.registry_platform import Platform, git

from goldenpath.policy import environments
from goldenpath.registries import platform_git, provenance, recovery, review
from goldenpath.shared.errors import (
    ApprovalMissing,
    BadInput,
    PlanDrifted,
    PlanUnexpected,
    RegistryConfigUnexpected,
    RegistryNameTaken,
    RegistryRequestInvalid,
    SourceUnusable,
    StateLocked,
    TerraformFailed,
)

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.tools


def test_a_request_becomes_a_pull_request_that_shows_its_plan(platform: Platform) -> None:
    assert "is opened; plan sha256:" in platform.propose()
    (pull,) = platform.threads
    assert (pull.title, pull.head, pull.base, pull.labels) == (
        "Create registry my-app (dev)", "registry/dev/my-app", "development", ["ecr-registry"],
    )  # fmt: skip
    assert '| create | module.ecr\\_repositories\\["my-app"\\].aws\\_ecr\\_repository.this |' in pull.body
    assert "| mutable | AES256 | 20 | on every push | after 7 days |" in pull.body
    assert "at most 0.50 USD a month" in pull.body
    assert "Plan: 2 to add, 0 to change, 0 to destroy." in pull.body
    record = review.read_record(pull.body)
    assert (record.environment, record.name, record.requester, len(record.parts)) == ("dev", "my-app", "octocat", 2)
    changed = git(platform.origin, "diff", "--name-only", "development", "registry/dev/my-app").splitlines()
    assert changed == ["docs/REGISTRY_CATALOG.md", "envs/catalogue.json", "envs/dev/ecr.tf"]
    assert platform.names() == []


def test_running_the_wizard_twice_changes_the_same_pull_request(platform: Platform) -> None:
    platform.propose()
    platform.actor, platform.again = "hubot", "octocat"
    assert "is up to date" in platform.propose()
    told = git(platform.origin, "show", "--no-patch", "--format=%(trailers)", "registry/dev/my-app").splitlines()
    assert told == ["Requested-by: hubot", "Requested-by: octocat", "Run: 48/2"]
    platform.propose(risk="medium")
    (pull,) = platform.threads
    assert "| mutable | AES256 | 30 |" in pull.body
    assert git(platform.origin, "rev-list", "--count", "development..registry/dev/my-app") == "1"


def test_two_wizards_at_once_both_get_there(platform: Platform) -> None:
    """Neighbours in one file may conflict once the first is merged: the wizard, run again, starts from there."""
    one, two = platform.clone(), platform.clone()
    for checkout, name in ((one, "my-app"), (two, "my-bpp")):
        platform.run(checkout, "propose", **{**registry_platform.ASKED, "name": name})
    assert [each.head for each in platform.threads] == ["registry/dev/my-app", "registry/dev/my-bpp"]
    reviewed = review.read_record(platform.threads[1].body).digest
    platform.apply(platform.merge(1))
    platform.propose(name="my-bpp")
    assert review.read_record(platform.threads[1].body).digest == reviewed
    platform.apply(platform.merge(2))
    assert platform.names() == ["my-app", "my-bpp"]


def test_a_branch_that_another_run_pushed_meanwhile_is_not_overwritten(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.propose()
    checkout = platform.clone()
    real = platform_git._git  # noqa: SLF001

    # Between looking and pushing, another run gets there first.
    def slow(folder: Path, *words: str, variables: dict[str, str] | None = None) -> str:
        told = real(folder, *words, variables=variables)
        if words[0] == "ls-remote":
            git(platform.origin, "update-ref", "refs/heads/registry/dev/my-app", "development")
        return told

    monkeypatch.setattr(platform_git, "_git", slow)
    with pytest.raises(SourceUnusable, match="The branch registry/dev/my-app could not be pushed"):
        platform.run(checkout, "propose", **{**registry_platform.ASKED, "risk": "high"})


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"risk": "extreme"}, RegistryRequestInvalid),
        ({"domain": ""}, RegistryRequestInvalid),
        ({"name": "hello-web"}, RegistryNameTaken),
        ({"name": "hello_web"}, RegistryNameTaken),
    ],
)
def test_a_request_that_cannot_be_met_opens_nothing(
    platform: Platform, changes: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        platform.propose(**changes)
    assert platform.threads == []


def test_a_name_that_ecr_has_already_is_taken(platform: Platform) -> None:
    platform.world.client("ecr").create_repository(repositoryName="my-app")
    with pytest.raises(RegistryNameTaken, match="ECR has a repository 'my-app' in dev already"):
        platform.propose()


def test_a_hand_edited_file_that_we_cannot_edit_is_refused(platform: Platform) -> None:
    platform.edit("envs/dev/ecr.tf", "ecr_repositories = {", "ecr_repositories = merge({}, {")
    with pytest.raises(RegistryConfigUnexpected, match=r"ecr\.tf is not of the form that we can edit"):
        platform.propose()


def test_tfvars_without_a_build_id_are_refused(platform: Platform) -> None:
    platform.edit("envs/dev/terraform.tfvars", 'build_id          = "main"\n', "")
    with pytest.raises(RegistryConfigUnexpected, match=r"terraform\.tfvars"):
        platform.propose()


@pytest.mark.parametrize("way", [{}, {"squash": True}, {"rebase": True}], ids=["merge", "squash", "rebase"])
def test_a_merge_applies_verifies_and_hands_over(platform: Platform, way: dict[str, bool]) -> None:
    platform.propose()
    assert "applied; changes: 2" in platform.apply(platform.merge(1, **way))
    assert platform.names() == ["my-app"]
    applied, handed = platform.threads[0].comments.values()
    handed, applied = (applied, handed) if "is yours" in applied else (handed, applied)
    assert applied.startswith("### Applied: `my-app` in dev")
    assert "The team was notified in octo/my-app#1." in applied
    (issue,) = platform.github.threads.of("octo/my-app")
    assert issue.title == "Your registry my-app in dev is ready"
    assert "Set `ecr_repository: my-app` in it." in issue.body
    assert "secret `TF_AWS_IAM_ROLE_DEV`" in issue.body
    assert issue.body.partition("\n<!--")[0] == handed.partition("\n<!--")[0]


def test_an_app_repository_that_is_not_there_is_said_and_is_no_failure(platform: Platform) -> None:
    platform.github.threads.absent.add("octo/my-app")
    platform.made()
    assert any("There is no repository octo/my-app" in text for text in platform.threads[0].comments.values())


def test_a_second_run_of_the_apply_changes_nothing_and_comments_once(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    platform.apply(event)
    assert "nothing was left to do" in platform.apply(event)
    assert len(platform.threads[0].comments) == 2
    assert len(platform.github.threads.of("octo/my-app")) == 1


OLD = "The merged pull request is not the last word on its registry"


def test_a_rerun_after_the_owner_changed_back_brings_nothing_back(platform: Platform) -> None:
    platform.made()
    team, new = '"team-web"\n      requester', '"team-new"\n      requester'
    platform.edit("envs/dev/ecr.tf", team, new)
    changed = platform.made(owner="team-new")
    platform.edit("envs/dev/ecr.tf", new, team)
    platform.made()
    with pytest.raises(PlanDrifted, match=OLD) as refused:
        platform.apply(changed)
    assert refused.value.why == "Since then development describes my-app in dev in another way"


def test_a_rerun_after_a_revert_makes_nothing(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    checkout = platform.clone()
    git(checkout, "revert", "--no-edit", "--mainline=1", "HEAD")
    git(checkout, "push", "--quiet", "origin", "HEAD:development")
    with pytest.raises(PlanDrifted, match=OLD) as refused:
        platform.apply(event)
    assert refused.value.why == "Since then development describes my-app in dev no more"
    assert platform.names() == []


def test_an_apply_that_cannot_look_at_the_branch_as_it_is_now_applies_nothing(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    checkout = platform.clone(event["merge_commit_sha"])
    git(checkout, "remote", "set-url", "origin", "/nowhere")
    with pytest.raises(SourceUnusable, match="could not be fetched"):
        platform.run(checkout, "apply-merged", platform.tell(event), trusted=str(platform.clone()), pull_request=1)
    assert platform.names() == []


def test_a_plan_that_drifted_since_the_review_is_not_applied_and_says_why(platform: Platform) -> None:
    platform.propose()
    platform.edit("modules/aws_ecr/risk.tf", "20", "21")
    event = platform.merge(1)
    with pytest.raises(PlanDrifted, match="The plan is not the one that was reviewed"):
        platform.apply(event)
    assert platform.names() == []
    (said,) = platform.threads[0].comments.values()
    assert said.startswith("### Not applied: The plan is not the one that was reviewed")


def test_after_a_drift_the_wizard_has_the_new_plan_reviewed_and_applied(platform: Platform) -> None:
    platform.propose()
    platform.merge(1)
    platform.edit("modules/aws_ecr/risk.tf", "20", "21")
    platform.propose()
    platform.apply(platform.merge(2))
    assert platform.names() == ["my-app"]


def test_a_retention_that_was_edited_by_hand_is_planned_and_applied_by_the_wizard(platform: Platform) -> None:
    platform.made()
    platform.edit("envs/dev/ecr.tf", '"shop"\n', '"shop"\n\n      retention = { keep = 90 }\n\n')
    platform.propose()
    pull = platform.threads[1]
    assert pull.title == "Change registry my-app (dev)"
    assert "Keeping 90 images of about 250 MB" in pull.body
    platform.apply(platform.merge(2))
    policy = platform.world.client("ecr").get_lifecycle_policy(repositoryName="my-app")["lifecyclePolicyText"]
    counts = {rule["selection"]["countNumber"] for rule in json.loads(policy)["rules"] if rule["rulePriority"] >= 10}
    # Caches go by age; every rule that counts releases keeps what the entry says.
    assert counts == {30, 90}


def test_an_entry_written_without_requester_and_domain_is_given_them_by_the_wizard(platform: Platform) -> None:
    checkout = platform.clone()
    platform.run(checkout, "request", **{**registry_platform.ASKED, "requester": "", "domain": ""})
    git(checkout, "commit", "--quiet", "--all", "--message=By hand")
    git(checkout, "push", "--quiet", "origin", "HEAD:development")
    platform.propose()
    platform.apply(platform.merge(1))
    found = platform.world.client("ecr").describe_repositories(repositoryNames=["my-app"])["repositories"][0]
    tags = platform.world.client("ecr").list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
    assert {"Key": "goldenpath.idp/requester", "Value": "octocat"} in tags


def test_a_digest_copied_from_another_registry_is_refused(platform: Platform) -> None:
    platform.propose(name="other-app")
    platform.propose()
    event = platform.merge(2)
    event["body"] = platform.threads[0].body
    with pytest.raises(PlanDrifted, match="The reviewed plan belongs to another change"):
        platform.apply(event)


def test_a_digest_of_another_environment_is_refused_even_when_relabelled(platform: Platform) -> None:
    platform.propose(environment="test")
    platform.propose()
    event = platform.merge(2)
    event["body"] = platform.threads[0].body.replace('"environment":"test"', '"environment":"dev"')
    with pytest.raises(PlanDrifted, match="Title or description of the pull request are not those"):
        platform.apply(event)
    assert platform.names() == []


def test_a_pull_request_without_a_plan_or_with_two_registries_is_refused(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    bare = json.loads(json.dumps(event))
    bare["body"] = "Please merge"
    with pytest.raises(PlanDrifted, match="does not say which plan was reviewed"):
        platform.apply(bare)
    checkout = platform.clone("origin/development~1")
    for name in ("b-app", "c-app"):
        platform.run(checkout, "request", environment="dev", name=name, owner="team-web", risk="low")
    git(checkout, "commit", "--quiet", "--all", "--message=Two")
    git(checkout, "push", "--quiet", "origin", "HEAD:refs/heads/two")
    two = platform.pushed(platform.threads[0], git(checkout, "rev-parse", "HEAD"))
    with pytest.raises(PlanUnexpected, match="the pull request changes 2 registries"):
        platform.apply(two)


@pytest.mark.parametrize("change", [{"merged": False}, {"labels": []}, {"base": {"ref": "main"}}])
def test_what_was_not_merged_as_asked_is_not_applied(platform: Platform, change: dict[str, object]) -> None:
    platform.propose()
    event = platform.merge(1)
    event |= change
    with pytest.raises(BadInput):
        platform.apply(event)


def test_a_locked_state_stops_the_apply_and_a_second_run_gets_there(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    lock = {"Bucket": worlds.BUCKET, "Key": "envs/dev/terraform.tfstate.tflock"}
    held = {"ID": "1-2-3", "Operation": "apply", "Who": "someone", "Path": "", "Info": "", "Version": "1.11.4",
            "Created": "2026-11-21T04:00:00Z"}  # fmt: skip
    platform.world.client("s3").put_object(Body=json.dumps(held).encode(), **lock)
    platform.more["GOLDENPATH_LOCK_SECONDS"] = "0"
    with pytest.raises(StateLocked):
        platform.apply(event)
    platform.world.client("s3").delete_object(**lock)
    assert "applied; changes: 2" in platform.apply(event)


def test_an_apply_that_broke_half_way_goes_on_with_what_is_left(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    with platform.world.bad_day(), pytest.raises(TerraformFailed, match="terraform apply failed"):
        platform.apply(event)
    assert platform.names() == ["my-app"]
    assert "AWS has a bad day" in "".join(platform.threads[0].comments.values())
    assert "applied; changes: 1" in platform.apply(event)
    assert platform.world.client("ecr").get_lifecycle_policy(repositoryName="my-app")
    assert not any("bad day" in text for text in platform.threads[0].comments.values())


def test_a_repository_that_somebody_else_made_meanwhile_is_not_taken_into_the_state(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    platform.world.client("ecr").create_repository(repositoryName="my-app")
    with pytest.raises(RegistryNameTaken, match="ECR has a repository 'my-app' in dev already"):
        platform.apply(event)


def test_a_claim_that_a_stranger_planted_frees_no_lock(platform: Platform) -> None:
    platform.propose()
    planted = '<!-- goldenpath-applying: {"host":"else","since":"2026-01-01T00:00:00Z"} -->'
    platform.github.threads.comment(
        registry_platform.SLUG, 1, "github-actions[bot]", f"{planted}\n<!-- goldenpath: apply -->"
    )
    event = platform.merge(1)
    lock = {"Bucket": worlds.BUCKET, "Key": "envs/dev/terraform.tfstate.tflock"}
    held = {"ID": "1-2-3", "Operation": "OperationTypeApply", "Who": "someone@else", "Path": "", "Info": "",
            "Version": "1.11.4", "Created": "2026-11-21T04:00:00Z"}  # fmt: skip
    platform.world.client("s3").put_object(Body=json.dumps(held).encode(), **lock)
    platform.more["GOLDENPATH_LOCK_SECONDS"] = "0"
    with pytest.raises(StateLocked):
        platform.apply(event)
    assert platform.world.client("s3").get_object(**lock)["Body"].read() == json.dumps(held).encode()


def test_a_lock_that_somebody_else_holds_stays_whatever_this_apply_left_behind(platform: Platform) -> None:
    platform.propose()
    event = platform.merge(1)
    with platform.world.bad_day(), pytest.raises(TerraformFailed):
        platform.apply(event)
    assert recovery.unfinished_claim(platform.world.workspace(platform.clone()), 1)
    lock = {"Bucket": worlds.BUCKET, "Key": "envs/dev/terraform.tfstate.tflock"}
    held = {"ID": "1-2-3", "Operation": "OperationTypeApply", "Who": "someone@else", "Path": "", "Info": "",
            "Version": "1.11.4", "Created": "2046-11-21T04:00:00Z"}  # fmt: skip
    platform.world.client("s3").put_object(Body=json.dumps(held).encode(), **lock)
    platform.more["GOLDENPATH_LOCK_SECONDS"] = "0"
    with pytest.raises(StateLocked, match=r"lock 1-2-3, held by someone@else since 2046-11-21T04:00:00"):
        platform.apply(event)
    platform.world.client("s3").delete_object(**lock)
    assert "applied; changes: 1" in platform.apply(event)
    assert recovery.unfinished_claim(platform.world.workspace(platform.clone()), 1) is None


@pytest.mark.parametrize("squash", [False, True])
def test_a_creation_needs_a_second_person_and_says_so(platform: Platform, squash: bool) -> None:
    platform.propose()
    assert "Somebody with write access, but not octocat, who asked for it." in platform.threads[0].body
    event = platform.merge(1, squash=squash, approved=False)
    with pytest.raises(ApprovalMissing, match="Nobody has approved pull request #1 who did not ask for it"):
        platform.apply(event)
    assert platform.names() == []
    platform.approve(1)
    platform.apply(event)
    assert platform.names() == ["my-app"]


def test_a_small_team_may_let_creations_go_unapproved_but_no_removal(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (resources.files("goldenpath.policy") / environments.POLICY_FILE).read_text(encoding="utf-8")
    lowered = environments.parse(text.replace("  dev:\n", "  dev:\n    registry_approval: removal-only\n"))
    monkeypatch.setattr(environments, "registry_rules", lambda: environments.rules_in(lowered))
    platform.propose()
    assert "Somebody with write access" not in platform.threads[0].body
    platform.apply(platform.merge(1, approved=False))
    assert platform.names() == ["my-app"]
    assert provenance.needs_second_approval("dev", removal=True)
    assert provenance.needs_second_approval("prod", removal=False)
