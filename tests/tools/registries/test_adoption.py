"""A repository that was made by hand becomes a registry: real git, real Terraform, emulated AWS, GitHub's double."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.tools.registries.test_apply import MANIFEST

from goldenpath.shared.errors import AdoptionRefused, PolicyNotDescribed

if TYPE_CHECKING:
    from tests.tools.registry_platform import Platform

pytestmark = pytest.mark.tools
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
BY_ACCOUNT = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}, "Action": PULL}
BY_ROLE = {**BY_ACCOUNT, "Principal": {"AWS": "arn:aws:iam::210987654321:role/ci"}}


def made_by_hand(platform: Platform, *statements: object) -> None:
    ecr = platform.world.client("ecr")
    ecr.create_repository(repositoryName="my-app", tags=[{"Key": "team", "Value": "web"}])
    ecr.put_image(repositoryName="my-app", imageManifest=MANIFEST, imageTag="v1")
    if statements:
        ecr.set_repository_policy(repositoryName="my-app", policyText=json.dumps({"Statement": list(statements)}))
    platform.more["GOLDENPATH_ADOPT"] = "true"


def test_a_repository_that_was_made_by_hand_becomes_a_registry_and_keeps_its_images(platform: Platform) -> None:
    made_by_hand(platform, BY_ACCOUNT)
    platform.propose()
    thread = platform.threads[0]
    assert thread.title == "Adopt registry my-app (dev)"
    assert "None of its 1 images would be removed by it within a day." in thread.body
    assert "| tags | team = web |" in thread.body
    platform.apply(platform.merge(1))
    ecr = platform.world.client("ecr")
    assert [image["imageTag"] for image in ecr.list_images(repositoryName="my-app")["imageIds"]] == ["v1"]
    policy = json.loads(ecr.get_repository_policy(repositoryName="my-app")["policyText"])
    assert [statement["Principal"] for statement in policy["Statement"]] == [{"AWS": ["210987654321"]}]
    # The import block stays and does nothing more; another registry of the environment is none the wiser.
    platform.more.clear()
    platform.propose(name="other")
    platform.apply(platform.merge(2))
    assert platform.names() == ["my-app", "other"]


def test_an_adoption_that_cannot_be_is_refused_before_anybody_reviews_it(platform: Platform) -> None:
    made_by_hand(platform, BY_ROLE)
    with pytest.raises(PolicyNotDescribed, match="role/ci"):
        platform.propose()
    with pytest.raises(AdoptionRefused, match="a new repository would be empty"):
        platform.propose(risk="high")
    with pytest.raises(AdoptionRefused, match="ECR has no repository of that name"):
        platform.propose(name="nobody")
    assert platform.threads == []
