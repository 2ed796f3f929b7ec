"""A repository that exists becomes a registry: what its entry says, and when it is refused."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from goldenpath.registries import adoption
from goldenpath.registries.aws.ecr import EcrDescription, EcrImage
from goldenpath.registries.config.ecr_tf import RiskControls
from goldenpath.registries.request import Risk, parse_request
from goldenpath.shared.errors import AdoptionRefused

NOW = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
CONTROLS = {
    Risk.LOW: RiskControls("MUTABLE", "AES256", 20),
    Risk.MEDIUM: RiskControls("MUTABLE", "AES256", 30),
    Risk.HIGH: RiskControls("IMMUTABLE", "KMS", 50),
}
KEY = "arn:aws:kms:eu-west-2:123456789012:key/1"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
POLICY = json.dumps({"Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}, "Action": PULL},
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": PULL},
]})  # fmt: skip


def repository(**more: Any) -> EcrDescription:  # noqa: ANN401  any field
    uri = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/old-app"
    plain = {"mutability": "MUTABLE", "encryption": "AES256", "scan_on_push": False, "tags": {}, "created": NOW}
    return EcrDescription(uri, **{**plain, **more})


def settings(at_ecr: EcrDescription | None, risk: str = "low") -> dict[str, Any]:
    wanted = {"environment": "dev", "name": "old-app", "owner": "team-web", "risk": risk}
    return adoption.settings_for(parse_request(wanted), at_ecr, CONTROLS)


def test_an_entry_describes_the_policy_that_the_repository_has() -> None:
    assert settings(repository()) == {"adopted": True}
    assert settings(repository(policy=POLICY)) == {
        "adopted": True, "pull_accounts": ["210987654321"], "pull_lambda_accounts": ["123456789012"],
    }  # fmt: skip


def test_an_entry_describes_what_only_an_immutable_repository_has() -> None:
    strict = repository(encryption="KMS", kms_key=KEY, mutability="IMMUTABLE_WITH_EXCLUSION", exclusions=("latest",))
    assert settings(strict, "high") == {"adopted": True, "kms_key": KEY, "immutability_exclusions": ["latest"]}


@pytest.mark.parametrize(
    ("at_ecr", "risk", "why", "fix"),
    [
        (None, "low", "ECR has no repository of that name there",
         "Correct the name, or request it without adopting"),
        (repository(tags={"goldenpath.idp/environment": "prod"}), "low", "Its tags say that it belongs to prod",
         "Name prod as its environment"),
        (repository(), "high", ("It is encrypted with AES256, and risk high has KMS: ECR cannot change that, and a new "
         "repository would be empty"), "Adopt it with risk low or medium"),
        (repository(encryption="KMS_DSSE"), "high", ("It is encrypted with KMS_DSSE, and risk high has KMS: ECR cannot "
         "change that, and a new repository would be empty"),
         "Leave this one as it is: request a new registry beside it, and deliver to that"),
        (repository(policy="x"), "low", "The repository policy cannot be read",
         "Correct or remove the policy at ECR, then run again"),
    ],
)  # fmt: skip
def test_what_terraform_could_only_replace_is_refused(
    at_ecr: EcrDescription | None, risk: str, why: str, fix: str
) -> None:
    with pytest.raises(AdoptionRefused, match="old-app in dev is not adopted") as refused:
        settings(at_ecr, risk)
    assert (refused.value.why, refused.value.fix) == (why, fix)


def image(digest: str, days: int, *tags: str, is_index: bool = False) -> EcrImage:
    return EcrImage(digest, tags, 1, NOW - dt.timedelta(days=days), is_index=is_index)


UNTAGGED = {"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed",
                                             "countUnit": "days", "countNumber": 7}}  # fmt: skip
ANY = {"rulePriority": 100, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}}
LIFECYCLE = json.dumps({"rules": [UNTAGGED, ANY]})


def test_a_review_says_how_many_images_the_lifecycle_would_remove_at_once() -> None:
    images = [image("a", 1, "v2"), image("b", 9, "v1"), image("c", 9)]
    text = adoption.expiry(images, LIFECYCLE, NOW)
    assert "**2 of its 3 images would be removed within a day: v1.**" in text
    assert "None of its 1 images would be removed by it" in adoption.expiry(images[:1], LIFECYCLE, NOW)


def test_what_an_index_may_refer_to_is_not_counted() -> None:
    images = [image("a", 9, "v2", is_index=True), image("c", 9)]
    assert "None of its 2 images would be removed" in adoption.expiry(images, LIFECYCLE, NOW)


def test_a_review_shows_what_ecr_has_now() -> None:
    text = adoption.now_at_ecr(repository(policy=POLICY, tags={"team": "web"}, lifecycle=LIFECYCLE), [image("a", 1)])
    for row in ("| images | 1 |", "| scanned on push | no |", "| tags | team = web |"):
        assert row in text
    assert "Allow ecr:BatchGetImage" in text
