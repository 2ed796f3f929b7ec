"""Amazon's own examples of lifecycle policies, and what this platform asks of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goldenpath.registries.compliance import LifecycleImage, expired_images, parse_lifecycle


def rule(priority: int, status: str, count: int, *patterns: str, kind: str = "imageCountMoreThan") -> dict[str, Any]:
    selection: dict[str, Any] = {"tagStatus": status, "countType": kind, "countNumber": count}
    if patterns:
        selection["tagPatternList"] = list(patterns)
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


def image(digest: str, days: float, *tags: str, referred: bool = False) -> LifecycleImage:
    return LifecycleImage(digest, frozenset(tags), days, referred)


def gone(rules: list[dict[str, Any]], *images: LifecycleImage) -> dict[str, int]:
    return expired_images(parse_lifecycle(json.dumps({"rules": rules})), images)


def test_an_image_that_fits_a_rule_is_not_expired_by_a_later_one() -> None:
    rules = [rule(1, "tagged", 1, "prod*"), rule(2, "tagged", 1, "beta*")]
    images = image("a", 10, "beta-1", "prod-1"), image("b", 9, "beta-2", "prod-2"), image("c", 8, "beta-3")
    assert gone(rules, *images) == {"a": 1}


def test_a_later_rule_counts_images_that_it_may_not_expire() -> None:
    rules = [rule(1, "tagged", 1, "prod*"), rule(2, "any", 1)]
    assert gone(rules, image("a", 3, "x"), image("b", 2, "prod-1"), image("c", 1, "prod-2")) == {"b": 1, "a": 2}


def test_of_several_patterns_every_one_must_match() -> None:
    rules = [rule(1, "tagged", 0, "alpha*", "beta*")]
    assert gone(rules, image("a", 1, "alpha-1"), image("b", 1, "beta-1"), image("c", 1, "alpha-2", "beta-2")) == {
        "c": 1
    }


def test_an_untagged_image_goes_after_its_days_and_not_before() -> None:
    rules = [rule(1, "untagged", 7, kind="sinceImagePushed"), rule(2, "any", 0)]
    assert gone(rules, image("old", 8), image("new", 6), image("tagged", 100, "x")) == {"old": 1, "tagged": 2}


def test_what_an_index_refers_to_stays() -> None:
    rules = [rule(1, "untagged", 7, kind="sinceImagePushed")]
    assert gone(rules, image("platform", 30, referred=True), image("left-over", 30)) == {"left-over": 1}


def test_a_wildcard_stands_for_any_text_and_nothing_else_is_special() -> None:
    rules = [rule(1, "tagged", 0, "v*.1-*")]
    assert gone(rules, image("a", 1, "v2.1-rc"), image("b", 1, "v2x1-rc"), image("c", 1, "2.1-rc")) == {"a": 1}


def test_a_policy_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="rules"):
        parse_lifecycle("{}")
