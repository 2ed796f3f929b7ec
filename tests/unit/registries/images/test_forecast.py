"""What `goldenpath registry lifecycle` shows, against the double of ECR's images."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest
from tests.unit.registries.images.stored import NAME, Registry, registry

from goldenpath.registries.aws.ecr import AppliedRule
from goldenpath.registries.images import forecast
from goldenpath.shared.errors import RegistryRefused, RegistryUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = [
    {
        "rulePriority": 10,
        "description": "The newest 1 of prod stay",
        "selection": {
            "tagStatus": "tagged", "tagPatternList": ["prod-*"], "countType": "imageCountMoreThan", "countNumber": 1,
        },
        "action": {"type": "expire"},
    },
    {
        "rulePriority": 20,
        "description": "Those of dev are archived",
        "selection": {
            "tagStatus": "tagged", "tagPatternList": ["dev-*"], "countType": "sinceImagePulled", "countUnit": "days",
            "countNumber": 30,
        },
        "action": {"type": "transition", "targetStorageClass": "archive"},
    },
]  # fmt: skip


@pytest.fixture
def held() -> Iterator[Registry]:
    with registry(RULES) as made:
        yield made


def test_each_image_that_goes_is_a_line_with_its_tags_age_size_and_rule(held: Registry) -> None:
    old = held.push("old", "prod-1", "1.4.2", days=40, size=12_500_000)
    held.push("new", "prod-2", days=2)
    archived = held.push("dev", "dev-1", days=31)
    held.push("sbom", subject=old, days=40)
    shown = list(forecast.lines(forecast.forecast(held.platform, NAME, dt.datetime.now(dt.UTC))))
    assert shown[0].startswith("my-app: of 4 images, 2 would be removed and 1 archived (12.5 MB;")
    assert f"remove   {old[:19]} 1.4.2, prod-1 " in shown[1] + shown[2]
    assert "  40 days      12.5 MB  rule 10: The newest 1 of prod stay" in shown[1] + shown[2]
    assert "(referrer)" in shown[1] + shown[2]
    assert "with its image, rule 10" in shown[1] + shown[2]
    assert shown[3].startswith(f"archive  {archived[:19]} dev-1 ")


def test_ecrs_own_preview_says_the_same_and_a_difference_is_named(held: Registry) -> None:
    old = held.push("old", "prod-1", days=40)
    held.push("new", "prod-2", days=2)
    expected = forecast.forecast(held.platform, NAME, dt.datetime.now(dt.UTC))
    preview = held.platform.lifecycle_preview(NAME)
    assert preview == {old: AppliedRule(10)}
    assert forecast.differences(expected, preview) == ()
    assert forecast.differences(expected, {}) == (
        f"{old[:19]} prod-1: ECR says the rules keep it, this simulation says remove by rule 10",
    )
    other = forecast.differences(expected, preview | {"sha256:1": AppliedRule(20, archives=True)})
    assert other == (
        "sha256:1 (pushed meanwhile): ECR says archive by rule 20, this simulation says the rules keep it",
    )


def test_a_repository_that_is_not_there_or_has_an_unknown_policy_is_an_error_that_says_so(held: Registry) -> None:
    with pytest.raises(RegistryUnknown, match="There is no repository 'other'"):
        forecast.forecast(held.platform, "other", dt.datetime.now(dt.UTC))
    held.break_policy(
        json.dumps({"rules": [RULES[0] | {"selection": {"tagStatus": "any", "countType": "sinceLiked"}}]})
    )
    with pytest.raises(RegistryRefused, match="The lifecycle policy of my-app cannot be read"):
        forecast.forecast(held.platform, NAME, dt.datetime.now(dt.UTC))
