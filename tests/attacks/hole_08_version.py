"""Hole 8: the app chooses which version of the gates runs, the oldest one or one that somebody made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.shared.errors import BadInput, LoginRefused
from tests.attacks.attack import Patch, attack
from tests.attacks.roles import FILE, as_run, printed, without

if TYPE_CHECKING:
    from tests.attacks.attack import Scene

CHECK = Patch("goldenpath.delivery.registry.iam._workflow_mistakes", lambda _: ())
REFUSED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


@attack(8, BadInput, "the app could call the oldest version of the gates, or one that anybody pushed", CHECK)
def the_oldest_release_of_the_gates_matches_a_pattern_of_tags(scene: Scene) -> None:
    trust = printed(scene, "--ref=refs/heads/main", f"--workflow={FILE}@refs/tags/v*")
    as_run(scene, trust, job_workflow_ref=f"{FILE}@refs/tags/v0.0.1")


@attack(8, BadInput, "has a wildcard", CHECK)
def a_branch_without_gates_matches_a_pattern_of_branches(scene: Scene) -> None:
    trust = printed(scene, "--ref=refs/heads/main", f"--workflow={FILE}@refs/heads/*")
    as_run(scene, trust, job_workflow_ref=f"{FILE}@refs/heads/no-gates")


@attack(8, BadInput, "has a wildcard", CHECK)
def another_workflow_of_the_platform_matches_a_pattern_of_files(scene: Scene) -> None:
    trust = printed(
        scene, "--ref=refs/heads/main", f"--workflow={FILE.replace('_build-and-release', '*')}@refs/heads/main"
    )
    as_run(scene, trust, job_workflow_ref=f"{FILE.replace('_build-and-release', 'test-only')}@refs/heads/main")


@attack(8, BadInput, "no workflow was named with `--workflow`", CHECK)
def a_workflow_of_the_app_enters_a_role_that_names_none(scene: Scene) -> None:
    trust = printed(scene, "--ref=refs/heads/main")
    as_run(scene, trust, job_workflow_ref="team/my-app/.github/workflows/own.yml@refs/heads/main")


@attack(8, LoginRefused, REFUSED, without("job_workflow_ref"))
def the_oldest_release_of_the_gates_is_called(scene: Scene) -> None:
    supported = (f"--workflow={FILE}@refs/tags/v1.4.0", f"--workflow={FILE}@refs/tags/v1.5.0")
    as_run(scene, printed(scene, "--ref=refs/heads/main", *supported), job_workflow_ref=f"{FILE}@refs/tags/v0.0.1")


@attack(8, LoginRefused, REFUSED, without("job_workflow_ref"))
def a_tag_that_somebody_pushed_to_the_platform_is_called(scene: Scene) -> None:
    trust = printed(scene, "--ref=refs/heads/main", f"--workflow={FILE}@refs/tags/v1.4.0")
    as_run(scene, trust, job_workflow_ref=f"{FILE}@refs/tags/v999")


@attack(8, LoginRefused, REFUSED, without("job_workflow_ref"))
def a_commit_of_a_fork_is_called_by_the_name_of_the_platform(scene: Scene) -> None:
    """GitHub finds a commit of any fork under the name of the repository that was forked."""
    trust = printed(scene, "--ref=refs/heads/main", f"--workflow={FILE}@refs/heads/main")
    as_run(scene, trust, job_workflow_ref=f"{FILE}@{'f0' * 20}")


@attack(8, LoginRefused, REFUSED, without("job_workflow_ref"))
def a_copy_of_the_workflow_in_the_app_is_called(scene: Scene) -> None:
    trust = printed(scene, "--ref=refs/heads/main", f"--workflow={FILE}@refs/heads/main")
    own = "team/my-app/.github/workflows/_build-and-release.yml@refs/heads/main"
    as_run(scene, trust, job_workflow_ref=own)


@attack(8, LoginRefused, REFUSED, without("repository_id"))
def a_new_repository_takes_the_name_of_one_that_was_deleted(scene: Scene) -> None:
    trust = printed(scene, "--ref=refs/heads/main", f"--workflow={FILE}@refs/heads/main")
    as_run(scene, trust, repository_id="999")
