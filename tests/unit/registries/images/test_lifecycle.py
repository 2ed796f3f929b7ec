"""Amazon's own examples of lifecycle policies; what vouches for an image; and properties that hold for any policy."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.aws import lifecycle_preview

from goldenpath.registries.aws.ecr import AppliedRule, EcrImage
from goldenpath.registries.images import lifecycle
from goldenpath.registries.images.lifecycle import (
    LifecycleImage,
    applied_rules,
    expired_images,
    lifecycle_images,
    parse_lifecycle,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


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


# Amazon ECR user guide, "Examples of lifecycle policies": the repositories and the results that it describes.
AB = (image("A", 10, "beta-1", "prod-1"), image("B", 9, "beta-2", "prod-2"), image("C", 8, "beta-3"))
ALPHAS = (
    image("A", 12, "alpha-1"), image("B", 11, "beta-1"), image("C", 10, "alpha-2", "beta-2"),
    image("D", 4, "alpha-3"), image("E", 3, "beta-3"), image("F", 2, "alpha-4", "beta-4"),
)  # fmt: skip
GAMMAS = (
    image("A", 10, "alpha-1", "beta-1", "gamma-1"), image("B", 9, "alpha-2", "beta-2"),
    image("C", 8, "alpha-3", "beta-3", "gamma-2"),
)  # fmt: skip
ALL_IMAGES = (image("A", 4, "alpha-1"), image("B", 3, "beta-1"), image("C", 2), image("D", 1, "alpha-2"))
COMBINED = (
    image("A", 4, "alpha-1", "beta-1"), image("B", 3), image("C", 2, "alpha-2"), image("D", 1, "git hash"),
    image("E", 0.9),
)  # fmt: skip


@pytest.mark.parametrize(
    ("images", "rules", "expected"),
    [
        (AB, [rule(1, "tagged", 1, "prod*"), rule(2, "tagged", 1, "beta*")], "A"),
        (AB, [rule(1, "tagged", 1, "beta*"), rule(2, "tagged", 1, "prod*")], "AB"),
        (ALPHAS, [rule(1, "tagged", 5, "alpha*", "beta*", kind="sinceImagePushed")], "C"),
        (GAMMAS, [rule(1, "tagged", 1, "alpha*", "beta*")], "AB"),
        (ALL_IMAGES, [rule(1, "any", 1)], "ABC"),
        (COMBINED, [rule(1, "tagged", 1, "alpha*"), rule(2, "untagged", 1, kind="sinceImagePushed"),
                    rule(3, "any", 1)], "ABD"),
    ],
    ids=["rules A", "rules B", "several tags A", "several tags B", "all images A", "all images B"],
)  # fmt: skip
def test_amazons_examples_end_as_amazon_says(
    images: Sequence[LifecycleImage], rules: list[dict[str, Any]], expected: str
) -> None:
    assert "".join(sorted(gone(rules, *images))) == expected


def archiving(priority: int, days: int, kind: str) -> dict[str, Any]:
    return rule(priority, "any", days, kind=kind) | {"action": {"type": "transition", "targetStorageClass": "archive"}}


def ecr_image(digest: str, *tags: str, pushed: int, **more: Any) -> EcrImage:  # noqa: ANN401  fields of an image
    times = ("pulled", "archived_at", "activated")
    days: dict[str, Any] = {
        name: NOW - dt.timedelta(days=value) if name in times else value for name, value in more.items()
    }
    return EcrImage(digest, tags, 1, NOW - dt.timedelta(days=pushed), **days)


def outcome(rules: list[dict[str, Any]], *images: EcrImage) -> dict[str, AppliedRule]:
    return applied_rules(parse_lifecycle(json.dumps({"rules": rules})), lifecycle_images(images, NOW))


def test_images_that_nobody_pulled_are_archived_and_archived_ones_expire_by_their_own_rule() -> None:
    rules = [archiving(1, 90, "sinceImagePulled"), rule(2, "any", 365, kind="sinceImageTransitioned")]
    rules[1]["selection"]["storageClass"] = "archive"
    assert outcome(
        rules,
        ecr_image("never pulled", pushed=91),
        ecr_image("pulled", pushed=400, pulled=10),
        ecr_image("restored", pushed=400, pulled=300, activated=5),
        ecr_image("long in the archive", pushed=900, archived=True, archived_at=366),
        ecr_image("in the archive", pushed=900, archived=True, archived_at=364),
    ) == {"never pulled": AppliedRule(1, archives=True), "long in the archive": AppliedRule(2)}


def test_archived_images_are_not_counted_among_those_that_can_be_pulled() -> None:
    images = [ecr_image(f"{age}", "prod-1", pushed=age, archived=age < 3, archived_at=1) for age in range(1, 6)]
    assert outcome([rule(1, "tagged", 2, "prod*")], *images) == {"5": AppliedRule(1)}


def test_a_restored_image_is_as_young_as_its_restoration() -> None:
    images = ecr_image("restored", pushed=900, activated=1), ecr_image("other", pushed=2)
    assert outcome([rule(1, "any", 1)], *images) == {"other": AppliedRule(1)}


def test_a_signature_shares_the_fate_of_its_image_and_a_signature_of_a_signature_too() -> None:
    rules = [rule(1, "untagged", 7, kind="sinceImagePushed"), rule(2, "tagged", 1, "prod*")]
    images = [
        ecr_image("new", "prod-2", pushed=30), ecr_image("old", "prod-1", pushed=60),
        ecr_image("signature of new", pushed=30, subject="new"), ecr_image("sbom of old", pushed=60, subject="old"),
        ecr_image("signature of sbom", pushed=60, subject="sbom of old"), ecr_image("orphan", pushed=60, subject="x"),
    ]  # fmt: skip
    assert outcome(rules, *images) == {
        "old": AppliedRule(2), "sbom of old": AppliedRule(2), "signature of sbom": AppliedRule(2),
        "orphan": AppliedRule(0),
    }  # fmt: skip


def test_a_rule_that_counts_by_something_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="countType"):
        parse_lifecycle(json.dumps({"rules": [rule(1, "any", 1, kind="sinceImageWasLiked")]}))


def test_prefixes_are_patterns_too() -> None:
    rules = [rule(1, "tagged", 1)]
    rules[0]["selection"]["tagPrefixList"] = ["prod"]
    assert gone(rules, image("a", 3, "prod-1"), image("b", 2, "prod-2"), image("c", 9, "dev-1")) == {"a": 1}


TAGS = st.lists(st.sampled_from(["prod-1", "prod-2", "dev-1", "dev-2", "in-use-1", "x"]), max_size=3, unique=True)
IMAGES = st.lists(
    st.builds(
        lambda tags, pushed, pulled, archived: (tuple(tags), pushed, pulled, archived),
        TAGS, st.integers(0, 400), st.none() | st.integers(0, 400), st.none() | st.integers(0, 400),
    ),
    max_size=8,
).map(
    lambda rows: [
        ecr_image(f"sha256:{number}", *tags, pushed=pushed,
                  **({"pulled": min(pulled, pushed)} if pulled is not None else {}),
                  **({"archived": True, "archived_at": archived} if archived is not None else {}))
        for number, (tags, pushed, pulled, archived) in enumerate(rows)
    ]
)  # fmt: skip
SELECTIONS = st.sampled_from(
    [("tagged", ("prod*",)), ("tagged", ("dev*",)), ("tagged", ("in-use-*",)), ("untagged", ())]
)
COUNTS = st.tuples(st.sampled_from(["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled"]), st.integers(1, 5))
RULES = st.lists(st.tuples(SELECTIONS, COUNTS), max_size=4, unique_by=lambda row: row[0]).map(
    lambda rows: (
        [
            rule(10 * number + 10, status, count, *patterns, kind=kind)
            | (
                {"action": {"type": "transition", "targetStorageClass": "archive"}}
                if kind == "sinceImagePulled"
                else {}
            )
            for number, ((status, patterns), (kind, count)) in enumerate(rows)
        ]
        + [rule(100, "any", 2)]
    )
)


@given(IMAGES, RULES)
def test_this_simulation_and_an_evaluator_written_apart_from_it_agree(
    images: list[EcrImage], rules: list[dict[str, Any]]
) -> None:
    shown = lifecycle_preview.results(json.dumps({"rules": rules}), [detail(one) for one in images], set(), NOW)
    expected = {
        one["imageDigest"]: AppliedRule(one["appliedRulePriority"], one["action"]["type"] == "TRANSITION")
        for one in shown
    }
    assert outcome(rules, *images) == expected


@given(IMAGES, RULES)
def test_what_fits_an_earlier_rule_is_decided_by_that_rule(images: list[EcrImage], rules: list[dict[str, Any]]) -> None:
    parsed = parse_lifecycle(json.dumps({"rules": rules}))
    applied = applied_rules(parsed, lifecycle_images(images, NOW))
    for one in lifecycle_images(images, NOW):
        first = next((rule.rule_priority for rule in parsed if rule.selection.fits(one)), None)
        assert one.digest not in applied or applied[one.digest].priority == first


@given(IMAGES, RULES, st.integers(0, 400))
def test_the_signature_of_a_kept_image_is_kept_whatever_its_age(
    images: list[EcrImage], rules: list[dict[str, Any]], pushed: int
) -> None:
    signatures = [ecr_image(f"signature of {one.digest}", pushed=pushed, subject=one.digest) for one in images]
    applied = outcome(rules, *images, *signatures)
    for one in images:
        assert applied.get(f"signature of {one.digest}") == applied.get(one.digest)


def detail(one: EcrImage) -> dict[str, Any]:
    """Return an image as ECR describes it."""
    facts = {
        "imageDigest": one.digest, "imageTags": [*one.tags], "imagePushedAt": one.pushed,
        "imageStatus": "ARCHIVED" if one.archived else "ACTIVE", "lastRecordedPullTime": one.pulled,
        "lastArchivedAt": one.archived_at,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value is not None}


def test_an_index_may_refer_to_any_untagged_image_but_not_to_a_signature() -> None:
    images = [
        ecr_image("index", "prod-1", pushed=30, is_index=True), ecr_image("part", pushed=30),
        ecr_image("signature", pushed=30, subject="index"), ecr_image("tagged", "x", pushed=30),
    ]  # fmt: skip
    assert lifecycle.index_parts(images) == {"part"}
    assert lifecycle.index_parts(images[1:]) == frozenset()
