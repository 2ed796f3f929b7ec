"""Which images are kept because they run, by which tag, for how long; and what is wrong with those that run."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from tests.unit.registries.images.stored import NAME, registry

from goldenpath.registries.aws import clusters
from goldenpath.registries.aws.clusters import ClusterReport, RunningImage
from goldenpath.registries.aws.ecr import EcrImage
from goldenpath.registries.images import in_use
from goldenpath.registries.images.in_use import TagChanges
from goldenpath.shared.errors import LoginRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
TODAY = NOW.date()
DIGEST = "sha256:" + "ab" * 32
TAG = "in-use-20261121-abababababab"


def image(*tags: str, days: int = 1, archived: bool = False) -> EcrImage:
    return EcrImage(DIGEST, tags, 1, NOW - dt.timedelta(days=days), archived=archived)


def tag_of(days_ago: int) -> str:
    return f"in-use-{TODAY - dt.timedelta(days=days_ago):%Y%m%d}-abababababab"


def changes(*tags: str, runs: bool, archived: bool = False, is_complete: bool = True) -> TagChanges:
    kept = frozenset({DIGEST} if runs else ())
    return in_use.tag_changes([image(*tags, archived=archived)], kept, TODAY, is_complete=is_complete)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("prod-1",), TagChanges(((DIGEST, TAG),))),
        (("prod-1", tag_of(2)), TagChanges()),
        (("prod-1", tag_of(3)), TagChanges(((DIGEST, TAG),), (tag_of(3),))),
        (("prod-1", tag_of(1), tag_of(4)), TagChanges((), (tag_of(4),))),
        (("prod-1", "in-use-by-team-web", "in-use-20269999-abababababab"), TagChanges(((DIGEST, TAG),))),
    ],
    ids=["it has none", "recent", "of some days ago", "two of them", "only look alike"],
)
def test_an_image_that_runs_has_one_tag_of_a_recent_day(tags: tuple[str, ...], expected: TagChanges) -> None:
    assert changes(*tags, runs=True) == expected


def test_a_tag_goes_a_week_after_the_image_was_last_seen_to_run_and_not_before() -> None:
    assert changes("prod-1", tag_of(6), runs=False) == TagChanges()
    assert changes("prod-1", tag_of(7), runs=False) == TagChanges((), (tag_of(7),))


def test_no_tag_goes_while_a_cluster_was_not_looked_at() -> None:
    assert changes("prod-1", tag_of(30), runs=False, is_complete=False) == TagChanges()


def test_the_last_tag_of_an_image_stays_because_the_image_would_go_with_it() -> None:
    left = changes(tag_of(30), runs=False)
    assert left.removed == ()
    assert left.notes == (f"{DIGEST} has not run since 2026-10-22 and has no other tag, so it is left as it is",)


def test_a_deprecated_registry_keeps_the_tags_of_what_runs_and_gets_no_new_ones() -> None:
    held = [image("prod-1", tag_of(30))]
    kept = in_use.tag_changes(held, frozenset({DIGEST}), TODAY, is_complete=True, takes_pushes=False)
    assert kept == TagChanges(notes=(f"{DIGEST} runs, and its registry refuses new tags because it is deprecated",))
    gone = in_use.tag_changes(held, frozenset(), TODAY, is_complete=True, takes_pushes=False)
    assert gone == TagChanges((), (tag_of(30),))


def test_an_archived_image_that_runs_is_named() -> None:
    assert changes("prod-1", runs=True, archived=True) == TagChanges(
        notes=(f"{DIGEST} runs and is archived: restore it, or it cannot be pulled again",)
    )


def test_what_runs_is_known_by_the_address_of_its_repository() -> None:
    report = ClusterReport(frozenset({RunningImage("host/my-app", "sha256:1"), RunningImage("host/other", "sha256:2")}))
    assert in_use.digests_in(report, "host/my-app") == {"sha256:1"}


def test_an_index_is_kept_in_place_of_its_part_that_runs() -> None:
    with registry() as held:
        part, other, lonely = held.push("amd64"), held.push("arm64"), held.push("lonely")
        index = held.push("index", "prod-1", parts=(part, other))
        images = held.platform.images(NAME)
        assert in_use.kept_digests(held.platform, NAME, images, frozenset({part})) == {index}
        assert in_use.kept_digests(held.platform, NAME, images, frozenset({index})) == {index}
        assert in_use.kept_digests(held.platform, NAME, images, frozenset({lonely})) == {lonely}


def test_indexes_are_read_only_when_an_untagged_image_runs() -> None:
    with registry() as held:
        index = held.push("index", "prod-1", parts=(held.push("amd64"),))
        in_use.kept_digests(held.platform, NAME, held.platform.images(NAME), frozenset({index}))
        assert held.stored(index).last_recorded_pull_time is None


@pytest.mark.parametrize(
    ("held", "findings", "environment", "expected"),
    [
        (image("prod-1"), {}, "prod", ()),
        (image("prod-1", days=91), {}, "prod", ("prod-1 runs and is 91 days old",)),
        (image("prod-1"), None, "prod", ("prod-1 runs and is not scanned",)),
        (image("prod-1"), {"CRITICAL": 2, "HIGH": 1, "LOW": 9}, "prod",
         ("prod-1 runs and has 3 findings that block a release today",)),
        (image("dev-1"), {"CRITICAL": 2}, "dev", ()),
        (image(TAG, "prod-1", archived=True), None, "prod", ("prod-1 runs and is archived",)),
    ],
    ids=["fine", "old", "unscanned", "blocked", "advisory", "archived"],
)  # fmt: skip
def test_what_is_wrong_with_an_image_that_runs(
    held: EcrImage, findings: Mapping[str, int] | None, environment: str, expected: tuple[str, ...]
) -> None:
    assert in_use.flaws([held], frozenset({DIGEST}), {DIGEST: findings}, environment, NOW) == expected


def test_an_image_is_unsigned_only_where_others_are_signed() -> None:
    signature = EcrImage("sha256:2", (), 1, NOW, subject="sha256:3")
    images, runs = [image("prod-1"), signature], frozenset({DIGEST})
    assert in_use.flaws(images, runs, {DIGEST: {}}, "prod", NOW) == ("prod-1 runs and is not signed",)


def test_an_image_that_runs_and_is_gone_from_ecr_is_named() -> None:
    assert in_use.flaws([], frozenset({DIGEST}), {}, "prod", NOW) == (
        "sha256:abababababab runs and is not in ECR any more",
    )


def test_each_role_looks_in_its_region_and_one_that_is_refused_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = RunningImage("host/my-app", "sha256:1")

    def login(arn: str, region: str) -> dict[str, str]:
        if arn.endswith("/b"):
            raise LoginRefused("Could not assume the role", fix="Correct its trust policy")
        return {"role": arn, "region": region}

    def running(variables: Mapping[str, str]) -> ClusterReport:
        assert variables["region"] == "eu-west-1"
        return ClusterReport(frozenset({seen}), clusters=2)

    monkeypatch.setattr(clusters, "running_images", running)
    report = in_use.look("arn:aws:iam::1:role/a@eu-west-1, arn:aws:iam::1:role/b", login)
    assert report == ClusterReport(frozenset({seen}), 2, ("b was not used to look: Could not assume the role",))
    assert in_use.look("", login) == ClusterReport()
