"""The apply runs the merged commit's own code, with the roles of every environment."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenpath.shared.errors import BadInput, ConfigurationUntrusted, PlanUnexpected, RegistryRefused
from tests.attacks.attack import Edit, Patch, Refused, Scene, attack
from tests.terraform_provider.world import BUCKET
from tests.tools.registry_platform import ASKED, BASE, LOCK, counted, git

if TYPE_CHECKING:
    from tests.e2e.registry_world import World
    from tests.tools.registry_platform import Platform


def its_own_checkout(_trusted: Path, merged: Path, *_: object) -> Path:
    """Run Terraform in the checkout of what was merged."""
    return merged


MERGED_RUNS = (
    Patch("goldenpath.registries.merge.checks.require_same_configuration"),
    Patch("goldenpath.registries.merge.checks.compose_configuration", its_own_checkout),
)
MODULE, MAIN, ENTRIES = "modules/aws_ecr/main.tf", "envs/dev/main.tf", "envs/dev/ecr.tf"


def changed(scene: Scene, path: str, old: str, new: str) -> Platform:
    """Get `new` for `old` into the base branch, by another pull request, while the default branch is as it was."""
    platform: Platform = scene.fixture("platform")
    platform.trusted = git(platform.origin, "rev-parse", BASE)
    platform.edit(path, old, new)
    return platform


def applied(platform: Platform) -> None:
    """Ask for a registry, and merge that: its own pull request holds nothing but the entry."""
    platform.propose()
    event: dict[str, Any] = platform.merge(len(platform.threads))
    platform.apply(event)


@attack(5, ConfigurationUntrusted, MODULE, *MERGED_RUNS)
def a_merged_module_runs_a_command_with_the_credentials_of_the_apply(scene: Scene) -> None:
    loot = scene.folder / "loot"
    command = f'provisioner "local-exec" {{\n    command = "env > {loot}"\n  }}'
    lifecycle = "  lifecycle {\n    precondition {\n      condition     = var.metadata.id"
    applied(changed(scene, MODULE, lifecycle, f"  {command}\n{lifecycle}"))
    assert "AWS_SECRET_ACCESS_KEY=secret" in loot.read_text()


@attack(5, ConfigurationUntrusted, MAIN, *MERGED_RUNS)
def a_merged_main_tf_gives_what_it_makes_tags_that_no_plan_shows(scene: Scene) -> None:
    managed = '"goldenpath.idp/managed-by" = "terraform"'
    platform = changed(scene, MAIN, managed, f'{managed}\n      "trusted-by" = "prod"')
    applied(platform)
    ecr = platform.world.client("ecr")
    arn = ecr.describe_repositories(repositoryNames=["my-app"])["repositories"][0]["repositoryArn"]
    assert {"Key": "trusted-by", "Value": "prod"} in ecr.list_tags_for_resource(resourceArn=arn)["tags"]


@attack(5, ConfigurationUntrusted, "envs/dev/z_override.tf", *MERGED_RUNS)
def a_merged_override_takes_the_registry_to_another_region(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.trusted = git(platform.origin, "rev-parse", BASE)
    platform.commit(BASE, **{"envs/dev/z_override.tf": 'provider "aws" {\n  region = "us-east-1"\n}\n'})
    with contextlib.suppress(RegistryRefused):  # it is not where it is looked for afterwards
        applied(platform)
    assert platform.world.client("ecr", "us-east-1").describe_repositories()["repositories"]


@attack(5, ConfigurationUntrusted, LOCK, *MERGED_RUNS)
def a_merged_lock_file_chooses_the_provider(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.trusted = git(platform.origin, "rev-parse", BASE)
    platform.use_provider("6.8.0")
    applied(platform)
    assert platform.names() == ["my-app"]


@attack(5, ConfigurationUntrusted, f"{ENTRIES} (outside of its entries)", *MERGED_RUNS)
def a_merged_ecr_tf_calls_another_module(scene: Scene) -> None:
    platform = changed(scene, ENTRIES, 'source   = "../../modules/aws_ecr"', 'source   = "../../docs/theirs"')
    theirs = {path.name: path.read_text() for path in (platform.clone() / "modules/aws_ecr").glob("*.tf")}
    theirs["main.tf"] = theirs["main.tf"].replace("scan_on_push = true", "scan_on_push = false")
    platform.commit(BASE, **{f"docs/theirs/{name}": text for name, text in theirs.items()})
    with contextlib.suppress(RegistryRefused):  # it is made before it is found not to be scanned
        applied(platform)
    (found,) = platform.world.client("ecr").describe_repositories()["repositories"]
    assert found["imageScanningConfiguration"] == {"scanOnPush": False}


@attack(5, BadInput, "This job was started for dev", Patch("goldenpath.registries.apply.require_environment"))
def a_job_that_was_let_into_dev_applies_in_prod(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose(environment="prod")
    event = platform.merge(1)
    platform.more["GOLDENPATH_ENVIRONMENT"] = "dev"
    platform.apply(event)
    assert platform.names() == ["my-app"]
    keys = platform.world.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert "envs/prod/terraform.tfstate" in [each["Key"] for each in keys]


WORKFLOW = ".github/workflows/_apply-registries.yml"
TOOL_OF_THE_MERGE = (
    Edit(WORKFLOW, "exec platform/bin/goldenpath registry find-merged", "exec merged/bin/goldenpath find-merged"),
    Edit(WORKFLOW, "exec platform/bin/goldenpath registry apply-merged", "exec merged/bin/goldenpath apply-merged"),
)
THEIRS = """#!/bin/sh
case $1 in
  find-merged) echo 'pull_requests=[{"number":1,"environment":"dev"}]' >>"$GITHUB_OUTPUT" ;;
  apply-merged) env >LOOT ;;
esac
"""


@attack(5, PlanUnexpected, "changes more than its registry: bin/goldenpath", *TOOL_OF_THE_MERGE, under_runner=True)
def the_merged_tool_runs_with_the_role_of_the_apply(scene: Scene) -> None:
    world: World = scene.fixture("registry_world")
    folder, loot = world.platform.folder, scene.folder / "loot"
    world.default = git(folder, "rev-parse", BASE)
    asked = world.dispatch("create-ecr-registry", **ASKED)
    assert asked.code == 0, asked.story
    thread = world.local.threads.of(world.platform.slug)[-1]
    git(folder, "fetch", "--quiet", str(world.runs[-1] / "origin"), f"+{thread.head}:{thread.head}")
    git(folder, "checkout", "--quiet", thread.head)
    (folder / "bin/goldenpath").write_text(THEIRS.replace("LOOT", str(loot)))
    git(folder, "commit", "--quiet", "--all", "--message=A tidy-up")
    world.local.threads.push(world.platform.slug, thread.number, git(folder, "rev-parse", "HEAD"))
    counts = counted(folder, BASE, thread.head)
    git(folder, "checkout", "--quiet", BASE)
    git(folder, "merge", "--quiet", "--no-ff", "--message=Merge", thread.head)
    world.local.threads.merge(world.platform.slug, thread.number, git(folder, "rev-parse", BASE), counts)
    ended = world.pushed(world.default)
    if ended.code and not loot.exists():
        raise Refused("plan-unexpected" if "error[plan-unexpected]" in ended.text else "", ended.text)
    told = loot.read_text()
    assert "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" in told
    assert "TF_AWS_IAM_ROLE_DEV=arn:" in told
