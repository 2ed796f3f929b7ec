"""What earlier commits of a rebased pull request did, and what a plan reads and is made of, is not looked at."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from goldenpath.registries import platform_git, review
from goldenpath.registries.merge.checks import MergeRange
from goldenpath.registries.review import PlanRecord
from goldenpath.registries.terraform import planning
from goldenpath.shared.errors import PlanDrifted, PlanUnexpected, RegistryRefused
from tests.attacks.attack import Patch, Scene, attack
from tests.tools.registry_platform import ASKED, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.registries.merge.push import MergedPullRequest
    from goldenpath.registries.terraform.plans import TerraformPlan
    from tests.tools.registry_platform import Platform

BRANCH, MAIN, MODULE = "registry/dev/my-app", "envs/dev/main.tf", "modules/aws_ecr/main.tf"


def last_commit(checkout: Path, pull: MergedPullRequest, _: object) -> MergeRange:
    """Look at what the commit that merged did to its parent, and at nothing else."""
    before = platform_git.resolve(checkout, f"{pull.commit}^1")
    return MergeRange(before, pull.commit, before, pull.commit)


def changes_only(_: TerraformPlan, environment: str) -> list[object]:
    """Know a plan by its changes."""
    return [environment]


# That a proposal holds one commit of the wizard's is the other defence against the same.
LAST_COMMIT = Patch("goldenpath.registries.merge.checks.find_range", last_commit)
ANY_PROPOSAL = Patch("goldenpath.registries.provenance.require_requested_and_approved")
ANY_TEXT = Patch("goldenpath.registries.review.require_plan_shown")
CHANGES_ONLY = Patch("goldenpath.registries.terraform.plans._surroundings", changes_only)


def with_an_earlier_commit(scene: Scene, change: Callable[[Path], None]) -> tuple[Platform, Path]:
    """Have the wizard propose a registry, then put a commit that makes `change` before the wizard's own."""
    platform: Platform = scene.fixture("platform")
    platform.propose()
    checkout = platform.clone()
    change(checkout)
    git(checkout, "commit", "--quiet", "--all", "--message=A tidy-up")
    git(checkout, "cherry-pick", f"origin/{BRANCH}")
    git(checkout, "push", "--quiet", "--force", "origin", f"HEAD:{BRANCH}")
    return platform, checkout


def with_tags_of_their_own(checkout: Path) -> None:
    managed = '"goldenpath.idp/managed-by" = "terraform"'
    text = (checkout / MAIN).read_text()
    assert managed in text
    (checkout / MAIN).write_text(text.replace(managed, f'{managed}\n      "trusted-by" = "prod"'))


@attack(
    11, PlanUnexpected, f"The pull request changes more than its registry: {MAIN}", LAST_COMMIT, ANY_PROPOSAL, ANY_TEXT
)
def an_earlier_commit_of_a_rebase_changes_main_tf(scene: Scene) -> None:
    platform, checkout = with_an_earlier_commit(scene, with_tags_of_their_own)
    made = planning.plan(platform.world.workspace(checkout), ASKED["name"])
    platform.threads[0].body = review.record_comment(PlanRecord.of(made, "dev", ASKED["name"], "octocat"))
    platform.apply(platform.merge(1, rebase=True))
    ecr = platform.world.client("ecr")
    arn = ecr.describe_repositories(repositoryNames=["my-app"])["repositories"][0]["repositoryArn"]
    assert {"Key": "trusted-by", "Value": "prod"} in ecr.list_tags_for_resource(resourceArn=arn)["tags"]


def with_hello_web_for_themselves(checkout: Path) -> None:
    path = checkout / "envs/dev/ecr.tf"
    path.write_text(path.read_text().replace('owner     = "team-web"', 'owner     = "team-mallory"'))


@attack(11, PlanUnexpected, "the pull request changes 2 registries", LAST_COMMIT, ANY_PROPOSAL)
def an_earlier_commit_of_a_rebase_takes_another_registry(scene: Scene) -> None:
    platform, _ = with_an_earlier_commit(scene, with_hello_web_for_themselves)
    platform.apply(platform.merge(1, rebase=True))
    assert platform.names() == ["my-app"]
    assert "team-mallory" in (platform.clone() / "envs/dev/ecr.tf").read_text()


def with_a_workflow(checkout: Path) -> None:
    path = checkout / ".github/workflows/theirs.yml"
    path.parent.mkdir(parents=True)
    path.write_text("on: push\n")
    git(checkout, "add", "--all")


@attack(11, PlanUnexpected, "changes more than its registry: .github/workflows/theirs.yml", LAST_COMMIT, ANY_PROPOSAL)
def an_earlier_commit_of_a_rebase_brings_a_workflow(scene: Scene) -> None:
    platform, _ = with_an_earlier_commit(scene, with_a_workflow)
    platform.apply(platform.merge(1, rebase=True))
    assert platform.names() == ["my-app"]
    assert (platform.clone() / ".github/workflows/theirs.yml").is_file()


def changed_after_the_review(scene: Scene, path: str, old: str, new: str) -> Platform:
    """Have a registry reviewed, then change what its plan is made of, on the default branch."""
    platform: Platform = scene.fixture("platform")
    platform.propose()
    platform.edit(path, old, new)
    return platform


@attack(11, PlanDrifted, "The plan is not the one that was reviewed", CHANGES_ONLY)
def a_data_source_is_read_that_nobody_reviewed(scene: Scene) -> None:
    state = scene.folder / "theirs.tfstate"
    state.write_text('{"version": 4, "outputs": {"note": {"value": "read", "type": "string"}}}')
    source = f'data "terraform_remote_state" "it" {{\n  backend = "local"\n  config  = {{ path = "{state}" }}\n}}\n'
    resource = 'resource "aws_ecr_lifecycle_policy" "this" {'
    needed = f"{source}\n{resource}\n  depends_on = [data.terraform_remote_state.it]"
    platform = changed_after_the_review(scene, MODULE, resource, needed)
    platform.apply(platform.merge(1))
    assert platform.names() == ["my-app"]


@attack(11, PlanDrifted, "The plan is not the one that was reviewed", CHANGES_ONLY)
def a_provisioner_runs_that_nobody_reviewed(scene: Scene) -> None:
    loot = scene.folder / "loot"
    command = f'  provisioner "local-exec" {{\n    command = "env > {loot}"\n  }}\n'
    lifecycle = "  lifecycle {\n    precondition {\n      condition     = var.metadata.id"
    platform = changed_after_the_review(scene, MODULE, lifecycle, command + lifecycle)
    platform.apply(platform.merge(1))
    assert "AWS_SECRET_ACCESS_KEY=secret" in loot.read_text()


@attack(11, PlanDrifted, "The plan is not the one that was reviewed", CHANGES_ONLY)
def the_provider_goes_to_a_region_that_nobody_reviewed(scene: Scene) -> None:
    platform = changed_after_the_review(scene, MAIN, 'provider "aws" {', 'provider "aws" {\n  region = "us-east-1"')
    with contextlib.suppress(RegistryRefused):  # it is not where it is looked for afterwards
        platform.apply(platform.merge(1))
    assert platform.world.client("ecr", "us-east-1").describe_repositories()["repositories"]


@attack(11, PlanDrifted, "The plan is not the one that was reviewed", CHANGES_ONLY)
def the_provider_is_of_a_version_that_nobody_reviewed(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    platform.use_provider("6.8.0")
    platform.apply(platform.merge(1))
    assert platform.names() == ["my-app"]
