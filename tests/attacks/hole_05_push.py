"""A push brings its own workflow files, and whoever may push chooses its commits: each way into the apply."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from goldenpath.registries.aws import session
from goldenpath.shared.errors import BadInput, LoginRefused, PlanDrifted
from goldenpath.shared.names import Region, RoleArn
from tests.attacks.attack import Patch, attack
from tests.attacks.roles import printed, without
from tests.tools.registry_platform import BASE, SLUG, git

if TYPE_CHECKING:
    from tests.attacks.attack import Scene
    from tests.tools.registry_platform import Platform

ENVIRONMENT, FILES = "registry-apply-dev", f"{SLUG}/.github/workflows"
REFUSED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


def enter(scene: Scene, **claims: str) -> None:
    """Enter the apply role of dev, as its policy is printed, from a job of the GitHub environment with `claims`."""
    words = (f"--environment={ENVIRONMENT}", f"--ref=refs/heads/{BASE}")
    workflow = f"--workflow={FILES}/_apply-registries.yml@refs/heads/main"
    trust = printed(scene, *words, workflow, repository=SLUG)
    emulator = scene.fixture("emulator")
    scene.monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.environment()["AWS_ENDPOINT_URL"])
    arn = emulator.create_role(f"apply-{secrets.token_hex(4)}", trust=trust)
    usual = {
        "sub": f"repo:{SLUG}:environment:{ENVIRONMENT}", "repository": SLUG, "repository_id": "345",
        "environment": ENVIRONMENT, "ref": f"refs/heads/{BASE}",
        "job_workflow_ref": f"{FILES}/_apply-registries.yml@refs/heads/main",
    }  # fmt: skip
    token = emulator.id_token(**{**usual, **claims})
    given = session.assume_role(RoleArn(arn), Region(emulator.region), token, "apply")
    assert given["AWS_SESSION_TOKEN"]


@attack(5, LoginRefused, REFUSED, without("job_workflow_ref"))
def a_job_that_a_merge_added_to_the_pushed_workflow_enters_the_apply_role(scene: Scene) -> None:
    enter(scene, job_workflow_ref=f"{FILES}/ecr-auto-apply.yml@refs/heads/{BASE}")


@attack(5, LoginRefused, REFUSED, without("job_workflow_ref"))
def the_pushed_workflow_calls_the_apply_as_the_merge_left_it(scene: Scene) -> None:
    enter(scene, job_workflow_ref=f"{FILES}/_apply-registries.yml@refs/heads/{BASE}")


@attack(5, LoginRefused, REFUSED, without("job_workflow_ref"))
def a_tag_with_the_name_of_the_default_branch_brings_another_apply(scene: Scene) -> None:
    """GitHub prefers a tag to the branch of that name."""
    enter(scene, job_workflow_ref=f"{FILES}/_apply-registries.yml@refs/tags/main")


@attack(5, LoginRefused, REFUSED, without("ref"))
def a_push_to_a_branch_of_ones_own_calls_the_apply(scene: Scene) -> None:
    """A plan of GitHub's without rules for environments lets every branch into one."""
    enter(scene, ref="refs/heads/mine")


@attack(
    5, BadInput, "The history of development was rewritten",
    Patch("goldenpath.registries.merge.push.Push.require_forward"),
)  # fmt: skip
def a_force_push_brings_a_merge_back_that_was_taken_out(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    merge = platform.merge(1)
    checkout = platform.clone(f"{merge['merge_commit_sha']}^1")
    git(checkout, "commit", "--quiet", "--allow-empty", "--message=Without it")
    git(checkout, "push", "--quiet", "--force", "origin", f"HEAD:{BASE}")
    taken_out = git(checkout, "rev-parse", "HEAD")
    git(checkout, "push", "--quiet", "--force", "origin", f"{merge['merge_commit_sha']}:{BASE}")
    platform.apply(merge, before=taken_out, forced=True)
    assert platform.names() == ["my-app"]


@attack(
    5,
    PlanDrifted,
    "Pull request #2 was merged after #1",
    Patch("goldenpath.registries.provenance.require_newest_merge"),
)
def an_old_merge_is_run_again_in_place_of_one_that_nobody_approved(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    approved = platform.merge(1)
    checkout = platform.clone()
    git(checkout, "revert", "--no-edit", "--mainline=1", "HEAD")
    git(checkout, "push", "--quiet", "origin", f"HEAD:{BASE}")
    platform.propose()
    platform.merge(2, approved=False)
    platform.apply(approved)
    assert platform.names() == ["my-app"]
