"""What surrounds a release, on a real registry: preflight, receipts, IAM documents, accounts and stored keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps, command
from tests.tools.conftest import ACCOUNT, ROLE

from goldenpath.delivery.model.receipt import State
from goldenpath.delivery.registry import ecr_client, iam
from goldenpath.delivery.release import binding

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.apps import App
    from tests.tools.command import Command
    from tests.tools.conftest import Inside

    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.local.aws.data_plane import Call
    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

WORKFLOW = "mikeybeezy/goldenpath-idp-infra/.github/workflows/_build-and-release.yml"


def words(stage: str, app: App, work: WorkFolder, repository: str, *more: str) -> tuple[str, ...]:
    return (
        stage, "--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}",
        f"--work-dir={work.path}", *more,
    )  # fmt: skip


def test_preflight_says_what_the_release_will_write_and_changes_nothing(
    goldenpath: Command, emulator: Local, app: App, work: WorkFolder, frozen: str, calls: list[Call]
) -> None:
    done = goldenpath.run(*words("preflight", app, work, frozen, "--image-tag=candidate-7")).ok()
    short = app.commit.short
    assert f"{frozen} (immutable) may be released to: {short} is free, dev-{short} is free, candidate-7 is free" in (
        done.text
    )
    assert {call.method for call in calls} == {"GET"}
    assert (emulator.tags(frozen), work.path.exists()) == ({}, False)


def test_preflight_refuses_what_the_release_would_be_refused_for(
    goldenpath: Command, ready: App, work: WorkFolder, repository: str, app: App
) -> None:
    goldenpath.run(*words("ecr-push", ready, work, repository, "--version=1.0.0")).ok()
    app.write("rootfs/change", "another").save()
    done = goldenpath.run(*words("preflight", app, work, repository, "--version=1.0.0"))
    assert (done.code, done.error["code"]) == (35, "tag-taken")
    missing = goldenpath.run(*words("preflight", app, work, "not-there"))
    assert (missing.code, missing.error["code"]) == (32, "repository-missing")
    assert "make create-ecr APP=not-there OWNER=… RISK=low ENV=dev" in missing.error["fix"]


@pytest.mark.parametrize("stage", ["preflight", "ecr-push"])
def test_an_account_that_is_not_allowed_is_refused_before_it_is_asked(
    goldenpath: Command, ready: App, work: WorkFolder, repository: str, calls: list[Call], stage: str
) -> None:
    allowed = f"--allowed-account-ids={ACCOUNT[::-1]},999999999999"
    done = goldenpath.run(*words(stage, ready, work, repository, allowed))
    assert (done.code, done.error["code"]) == (38, "wrong-account")
    assert done.error["what"] == f"The role arn:aws:iam::{ACCOUNT}:role/{ROLE} is in the AWS account {ACCOUNT}"
    assert calls == []
    goldenpath.run(*words(stage, ready, work, repository, f"--allowed-account-ids=999999999999,{ACCOUNT}")).ok()


def test_an_image_tag_is_taken_as_it_is_and_named_in_the_output(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, repository: str
) -> None:
    tag = f"build-{'7' * 40}"
    goldenpath.run(*words("ecr-push", ready, work, repository, f"--image-tag={tag}")).ok()
    assert emulator.tags(repository)[tag] == work.read_candidate().digest


def test_a_missing_permission_is_named_with_what_prints_it(
    inside: Inside, ready: App, work: WorkFolder, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = tuple(action for action in iam.PUSH_ACTIONS if action != "ecr:DescribeRepositories")
    monkeypatch.setattr(iam, "PUSH_ACTIONS", few)
    done = inside(*words("ecr-push", ready, work, repository))
    assert (done.code, done.error["code"]) == (31, "access-denied")
    assert done.error["fix"].strip() == (
        "Ask the platform team to allow the IAM action ecr:DescribeRepositories; `goldenpath iam push-policy` prints "
        "all that a release needs"
    )


def test_a_stored_key_is_refused_in_a_workflow_run_and_taken_at_a_terminal(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, repository: str, tmp_path: Path
) -> None:
    key = {
        "AWS_ACCESS_KEY_ID": emulator.admin.id, "AWS_SECRET_ACCESS_KEY": emulator.admin.secret,
        "GOLDENPATH_ROLE_ARN": "",
    }  # fmt: skip
    run = apps.event(tmp_path / "runner", ready, "push") | command.evidence(work)
    done = goldenpath.run(*words("ecr-push", ready, work, repository), more={**key, **run})
    assert (done.code, done.error["code"]) == (30, "login-refused")
    assert done.error["what"] == "A stored AWS key is refused in a workflow run"
    assert emulator.admin.secret not in done.text
    goldenpath.run(*words("ecr-push", ready, work, repository), more=key).ok()


def test_a_receipt_is_shown_verified_and_found_to_hold_no_more(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, repository: str
) -> None:
    goldenpath.run(*words("ecr-push", ready, work, repository)).ok()
    shown = goldenpath.run("release", "show", work.receipt).ok().text
    assert f"released: {emulator.registry_host}/{repository}@{work.read_candidate().digest}" in shown
    assert f"  dev-{ready.commit.short}: free → {work.read_candidate().digest}" in shown
    verified = goldenpath.run("release", "verify", work.receipt).ok().text
    assert f"✓ dev-{ready.commit.short} names the image" in verified
    assert "✓ every manifest and blob of it can be fetched" in verified
    work.receipt.write_text(work.receipt.read_text().replace('"tag": "latest"', '"tag": "newest"'))
    done = goldenpath.run("release", "verify", work.receipt)
    assert (done.code, done.error["code"]) == (39, "receipt-mismatch")


def test_a_release_whose_undo_failed_is_put_right_by_repair(
    goldenpath: Command, emulator: Local, ready: App, work: WorkFolder, repository: str
) -> None:
    """The receipt of a run that was killed between its tags says all that is needed."""
    goldenpath.run(*words("ecr-push", ready, work, repository, "--version=1.0.0")).ok()
    broken = work.receipt.read_text().replace('"state": "released"', '"state": "broken"')
    work.receipt.write_text(broken.replace('"tag": "1.0.0"', '"tag": "1.0.1"'))
    before = emulator.tags(repository)
    shown = goldenpath.run("release", "repair", work.receipt).ok().text
    assert f"dev-{ready.commit.short} would be removed" in shown
    assert "nothing was changed; run again with --yes to do this" in shown
    assert (emulator.tags(repository), work.read_receipt().state) == (before, State.BROKEN)
    goldenpath.run("release", "repair", work.receipt, "--yes").ok()
    assert work.read_receipt().state is State.UNDONE
    # 1.0.0 is not in the receipt, so it and the image stay.
    assert emulator.tags(repository) == {"1.0.0": work.read_candidate().digest}


@pytest.mark.parametrize(
    ("subject", "ref", "workflow", "trusted"),
    [
        ("repo:team/my-app:environment:prod", "refs/heads/main", f"{WORKFLOW}@refs/heads/main", True),
        ("repo:team@12/my-app@345:environment:prod", "refs/heads/main", f"{WORKFLOW}@refs/heads/main", True),
        ("repo:team/my-app:environment:prod", "refs/tags/v1.2.3", f"{WORKFLOW}@refs/heads/main", True),
        ("repo:team/my-app:environment:prod", "refs/heads/feature", f"{WORKFLOW}@refs/heads/main", False),
        ("repo:team/my-app:environment:dev", "refs/heads/main", f"{WORKFLOW}@refs/heads/main", False),
        ("repo:team/my-app:ref:refs/heads/main", "refs/heads/main", f"{WORKFLOW}@refs/heads/main", False),
        ("repo:team/my-app-2:environment:prod", "refs/heads/main", f"{WORKFLOW}@refs/heads/main", False),
        ("repo:team@12/my-app@346:environment:prod", "refs/heads/main", f"{WORKFLOW}@refs/heads/main", False),
        ("repo:team/my-app:environment:prod", "refs/heads/main", f"{WORKFLOW}@refs/heads/feature", False),
        ("repo:team/my-app:environment:prod", "refs/heads/main",
         "team/my-app/.github/workflows/own.yml@refs/heads/main", False),
    ],
)  # fmt: skip
def test_a_role_with_the_printed_trust_policy_is_assumed_by_these_runs_alone(
    goldenpath: Command, emulator: Local, subject: str, ref: str, workflow: str, *, trusted: bool
) -> None:
    printed = goldenpath.run(
        "iam", "trust-policy", f"--account={ACCOUNT}", "--repository=team/my-app", "--environment=prod",
        "--ref=refs/heads/main", "--ref=refs/tags/v*", "--owner-id=12", "--repository-id=345",
        f"--workflow={WORKFLOW}@refs/heads/main",
    ).ok()  # fmt: skip
    arn = emulator.create_role("printed", trust=printed.text)
    token = emulator.id_token(
        repository="team/my-app", repository_id="345", sub=subject, ref=ref, job_workflow_ref=workflow
    )
    form = {"RoleArn": arn, "RoleSessionName": "a-test", "WebIdentityToken": token}
    assert _assumed(emulator, form) is trusted


def test_a_session_with_the_printed_push_policy_can_release(
    inside: Inside, ready: App, work: WorkFolder, repository: str, emulator: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = inside("iam", "push-policy", f"--account={ACCOUNT}", f"--ecr-repository={repository}").ok()
    document = json.loads(printed.text)
    monkeypatch.setattr(ecr_client, "session_policy", lambda *_, **__: document)
    inside(*words("ecr-push", ready, work, repository)).ok()
    assert emulator.tags(repository)


def _assumed(emulator: Local, form: dict[str, str]) -> bool:
    import boto3  # noqa: PLC0415
    from botocore import UNSIGNED  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import ClientError  # noqa: PLC0415

    endpoint = emulator.environment()["AWS_ENDPOINT_URL"]
    sts = boto3.Session(region_name=emulator.region).client(
        "sts", endpoint_url=endpoint, config=Config(signature_version=UNSIGNED)
    )
    try:
        sts.assume_role_with_web_identity(**form)  # type: ignore[arg-type]
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"
        return False
    finally:
        sts.close()
    return True


def test_a_release_to_a_repository_that_nothing_binds_is_reported_in_its_receipt_and_nowhere_else(
    goldenpath: Command, ready: App, work: WorkFolder, repository: str
) -> None:
    done = goldenpath.run(*words("ecr-push", ready, work, repository)).ok()
    assert "warning" not in done.text
    told = f"Nothing says that the ECR repository {repository} belongs to dev only. It has no tag"
    assert work.read_receipt().unbound.startswith(told)
    assert told in goldenpath.run("release", "show", work.receipt).ok().text


def test_a_role_of_before_that_may_not_read_tags_still_releases_and_the_receipt_names_what_it_lacks(
    inside: Inside, ready: App, work: WorkFolder, repository: str, emulator: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = tuple(action for action in iam.PUSH_ACTIONS if action != "ecr:ListTagsForResource")
    monkeypatch.setattr(iam, "PUSH_ACTIONS", few)
    inside(*words("ecr-push", ready, work, repository)).ok()
    assert emulator.tags(repository)
    assert "the role lacks ecr:ListTagsForResource" in work.read_receipt().unbound


def test_a_repository_of_the_environment_is_released_to_without_a_word(
    inside: Inside, ready: App, work: WorkFolder, repository: str, emulator: Local
) -> None:
    emulator.create_repository(repository, tags={binding.TAG: "dev"})
    inside(*words("ecr-push", ready, work, repository)).ok()
    assert work.read_receipt().unbound == ""
