"""An apply takes over a repository that it did not make, and nobody looks at what its policy permits."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from goldenpath.registries.terraform.program import Terraform
from goldenpath.shared.errors import RegistryNameTaken, RegistryRefused, TerraformFailed
from tests.attacks.attack import Patch, Scene, attack
from tests.tools.registries.test_apply import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tools.registry_platform import Platform

# The pull request shows them for days before it is merged.
TAGS = {"id": "REGISTRY_MY_APP", "owner": "team-web", "risk": "low", "domain": "shop", "requester": "octocat",
        "environment": "dev", "managed-by": "terraform"}  # fmt: skip
OPEN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]}


def no_signs(*_: object) -> tuple[str, ...]:
    """Find nothing strange."""
    return ()


ANY_REPOSITORY = Patch("goldenpath.registries.recovery.foreign_signs", no_signs)
ANY_POLICY = Patch("goldenpath.registries.compliance.policy_deviations", no_signs)
UNDESCRIBED = Patch("goldenpath.registries.terraform.described.require_policy_described")


def make_repository(platform: Platform) -> Any:  # noqa: ANN401  boto3's client
    """Make the repository of the pull request with every planned setting and tag; return a client of ECR."""
    ecr = platform.world.client("ecr")
    ecr.create_repository(
        repositoryName="my-app", imageScanningConfiguration={"scanOnPush": True},
        tags=[{"Key": f"goldenpath.idp/{key}", "Value": value} for key, value in TAGS.items()],
    )  # fmt: skip
    return ecr


def while_it_begins(scene: Scene, act: Callable[[Platform], None]) -> Platform:
    """Let `act` happen after an apply said that it begins, and before it makes the repository; then run it again."""
    platform: Platform = scene.fixture("platform")
    platform.propose()
    event, real = platform.merge(1), Terraform.apply

    def late(terraform: Terraform, saved: Path) -> None:
        act(platform)
        real(terraform, saved)

    with scene.monkeypatch.context() as race:
        race.setattr(Terraform, "apply", late)
        with contextlib.suppress(TerraformFailed):
            platform.apply(event)
    platform.apply(event)
    return platform


@attack(16, RegistryNameTaken, "no apply of this pull request had begun", ANY_REPOSITORY)
def a_repository_that_was_made_before_the_merge_is_adopted(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.propose()
    ecr = make_repository(platform)
    made = ecr.describe_repositories(repositoryNames=["my-app"])["repositories"][0]["createdAt"]
    platform.apply(platform.merge(1))
    assert ecr.describe_repositories(repositoryNames=["my-app"])["repositories"][0]["createdAt"] == made
    assert platform.threads[0].comments


@attack(16, RegistryNameTaken, "it has a repository policy", ANY_REPOSITORY, ANY_POLICY, UNDESCRIBED)
def a_repository_whose_policy_lets_strangers_push_is_adopted(scene: Scene) -> None:
    def act(platform: Platform) -> None:
        make_repository(platform).set_repository_policy(repositoryName="my-app", policyText=json.dumps(OPEN))

    platform = while_it_begins(scene, act)
    policy = platform.world.client("ecr").get_repository_policy(repositoryName="my-app")["policyText"]
    assert json.loads(policy) == OPEN


@attack(16, RegistryNameTaken, "it holds images (1)", ANY_REPOSITORY)
def a_repository_that_holds_a_planted_release_is_adopted(scene: Scene) -> None:
    def act(platform: Platform) -> None:
        ecr = make_repository(platform)
        ecr.put_image(repositoryName="my-app", imageManifest=MANIFEST, imageTag="prod-a1b2c3d")

    platform = while_it_begins(scene, act)
    (image,) = platform.world.client("ecr").describe_images(repositoryName="my-app")["imageDetails"]
    assert image["imageTags"] == ["prod-a1b2c3d"]


@attack(16, RegistryRefused, "its repository policy has a statement that is not described: Allow ecr:*", ANY_POLICY)
def a_policy_that_was_planted_on_a_registry_complies(scene: Scene) -> None:
    platform: Platform = scene.fixture("platform")
    platform.made()
    platform.edit(
        "envs/dev/ecr.tf", 'domain    = "shop"\n', 'domain    = "shop"\n\n      retention = { keep = 90 }\n\n'
    )
    platform.propose()
    event, real = platform.merge(2), Terraform.apply

    def late(terraform: Terraform, saved: Path) -> None:
        # After the plan, which refuses a policy that is there already.
        platform.world.client("ecr").set_repository_policy(repositoryName="my-app", policyText=json.dumps(OPEN))
        real(terraform, saved)

    scene.monkeypatch.setattr(Terraform, "apply", late)
    platform.apply(event)
    assert "### Applied" in "".join(platform.threads[1].comments.values())
