from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from tests.unit.registries.images.stored import NAME, registry

from goldenpath.registries import retirement
from goldenpath.registries.aws.ecr import EcrImage
from goldenpath.registries.compliance import GracePeriod
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.config.ecr_tf import RegistryEntry
from goldenpath.registries.request import Risk
from goldenpath.registries.retirement import RetirementStage
from goldenpath.shared.errors import AccessDenied, RegistryConfigUnexpected, RetirementRefused

if TYPE_CHECKING:
    from goldenpath.registries.aws.ecr import PlatformEcr

TODAY = dt.date(2026, 11, 21)
LONG_AGO = dt.date(2026, 1, 1)
PATH = Path("envs/dev/ecr.tf")
ACTIVE = RegistryEntry("dev", "my-app", "REGISTRY_MY_APP", "team-web", Risk.LOW)
LEAVING = replace(ACTIVE, deprecated_since="2026-11-01", remove_after="2026-12-01")
OVER = replace(ACTIVE, deprecated_since="2026-10-01", remove_after="2026-11-20")
NOT_KNOWN = "ECR does not say by whom; whether the roles that re-scan are excluded from pull times is not known"
TEXT = """locals {
  ecr_repositories = {
    # ours
    "my-app" = {
      id    = "REGISTRY_MY_APP"
      owner = "team-web"
      risk  = "low"
    }
  }
}
"""


def image(digest: str, *tags: str, pulled: dt.date | None = None, pushed: dt.date = LONG_AGO) -> EcrImage:
    noon = dt.time(12, tzinfo=dt.UTC)
    last = dt.datetime.combine(pulled, noon) if pulled else None
    return EcrImage(digest, tags, 1, dt.datetime.combine(pushed, noon), last)


def pulled(days_ago: int, *tags: str) -> EcrImage:
    return image("sha256:a", *tags, pulled=TODAY - dt.timedelta(days=days_ago))


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        (ACTIVE, RetirementStage.ACTIVE),
        (LEAVING, RetirementStage.DEPRECATED),
        (OVER, RetirementStage.REMOVABLE),
        (replace(OVER, remove_after="2026-11-21"), RetirementStage.DEPRECATED),
    ],
)
def test_a_registry_stands_where_its_dates_say(registry: RegistryEntry, expected: RetirementStage) -> None:
    assert retirement.retirement_stage(registry, TODAY) is expected


@pytest.mark.parametrize(
    ("registry", "why"),
    [
        (replace(LEAVING, remove_after=""), "'' is not a date"),
        (replace(LEAVING, deprecated_since=""), "'' is not a date"),
        (replace(LEAVING, deprecated_since="soon"), "'soon' is not a date"),
        (replace(LEAVING, deprecated_since="2026-12-01"), "its grace period ends before it begins"),
        (replace(LEAVING, deprecated_since="2026-11-02"), "its grace period of 29 days is shorter than 30"),
    ],
)
def test_dates_that_cannot_be_read_are_never_taken_for_over(registry: RegistryEntry, why: str) -> None:
    with pytest.raises(RetirementRefused) as refused:
        retirement.retirement_stage(registry, TODAY)
    assert refused.value.why == why


def test_deprecation_writes_both_dates_into_the_entry() -> None:
    text = retirement.with_deprecation(TEXT, ACTIVE, TODAY, PATH)
    (found,) = ecr_tf.parse(text, "dev", PATH)
    assert (found.deprecated_since, found.remove_after) == ("2026-11-21", "2026-12-21")
    assert "    # ours\n" in text


def test_a_grace_period_that_runs_is_not_changed() -> None:
    assert retirement.with_deprecation(TEXT, LEAVING, TODAY, PATH, grace_days=60) == TEXT


@pytest.mark.parametrize("days", [-1, 0, 29, 366])
def test_a_grace_period_out_of_bounds_is_refused(days: int) -> None:
    with pytest.raises(RetirementRefused, match="my-app in dev is not retired") as refused:
        retirement.with_deprecation(TEXT, ACTIVE, TODAY, PATH, grace_days=days)
    assert refused.value.why == f"a grace period of {days} days is not within 30 to 365"


TOLD = ("2026-11-01", "2026-12-01")


@pytest.mark.parametrize(
    ("registry", "told"),
    [
        (ACTIVE, ("", "")),
        (ACTIVE, TOLD),
        (LEAVING, TOLD),
        (replace(LEAVING, remove_after="2027-12-01"), TOLD),
        (replace(LEAVING, deprecated_since="2026-11-20", remove_after="2026-12-20"), ("", "")),
        (replace(LEAVING, deprecated_since="2026-12-20", remove_after="2027-12-20"), ("", "")),
    ],
)
def test_a_grace_period_is_told_anew_from_now_on_or_stays_as_it_was_told(
    registry: RegistryEntry, told: tuple[str, str]
) -> None:
    retirement.require_grace(registry, GracePeriod(*told), TODAY)


@pytest.mark.parametrize(
    ("registry", "told", "why"),
    [
        (LEAVING, ("", ""), "it is dated back to 2026-11-01, and nobody was notified on that day"),
        (replace(LEAVING, deprecated_since="2026-11-19", remove_after="2026-12-20"), ("", ""),
         "it is dated back to 2026-11-19, and nobody was notified on that day"),
        (LEAVING, ("2026-11-01", "2026-12-02"), ("its owners were given 2026-11-01 to 2026-12-02, and ecr.tf says "
         "2026-11-01 to 2026-12-01")),
        (replace(LEAVING, deprecated_since="2026-10-01"), TOLD, ("its owners were given 2026-11-01 to 2026-12-01, and "
         "ecr.tf says 2026-10-01 to 2026-12-01")),
        (LEAVING, ("2026-11-01", ""), ("its owners were given 2026-11-01 to nothing, and ecr.tf says 2026-11-01 to "
         "2026-12-01")),
        (replace(LEAVING, remove_after="2026-11-20"), TOLD, "its grace period of 19 days is shorter than 30"),
    ],
)  # fmt: skip
def test_a_grace_period_that_is_shortened_or_dated_back_is_refused(
    registry: RegistryEntry, told: tuple[str, str], why: str
) -> None:
    with pytest.raises(RetirementRefused) as refused:
        retirement.require_grace(registry, GracePeriod(*told), TODAY)
    assert refused.value.why == why


def test_an_entry_in_another_form_is_left_alone() -> None:
    with pytest.raises(RegistryConfigUnexpected, match="was left as it is"):
        retirement.with_deprecation(TEXT.replace('"low"', "var.risk"), ACTIVE, TODAY, PATH)


def test_an_unused_registry_is_removed_after_its_grace_period() -> None:
    images = [pulled(15, "dev-a1b2c3d"), image("b")]
    retirement.require_removable(OVER, images, TODAY, shown=())


@pytest.mark.parametrize(
    ("registry", "why"),
    [(ACTIVE, "it was never deprecated"), (LEAVING, "its grace period runs until 2026-12-01")],
)
def test_nobody_can_approve_the_grace_period_away(registry: RegistryEntry, why: str) -> None:
    with pytest.raises(RetirementRefused) as refused:
        retirement.require_removable(registry, [], TODAY, shown=())
    assert refused.value.why == why


@pytest.mark.parametrize(
    ("used", "why"),
    [
        (
            pulled(14),
            (
                "1 of its images were pulled in the last 14 days, last on 2026-11-07 (ECR does not say by whom; "
                "whether the roles that re-scan are excluded from pull times is not known)"
            ),
        ),
        (
            image("sha256:a", "in-use-20261118-aaaaaaaaaaaa"),
            "1 of its images run in a cluster, or did so a week before it was last looked at",
        ),
        (pulled(100, "a1b2c3d", "prod-a1b2c3d"), "it holds releases of prod: prod-a1b2c3d"),
        (
            image("sha256:a", pushed=TODAY),
            "1 of its images were pushed after 2026-10-01, when pushes were to end",
        ),
    ],
)
def test_a_registry_in_use_is_removed_only_if_its_proposal_showed_that(used: EcrImage, why: str) -> None:
    shown = [key for sign in retirement.signs_of_use(OVER, [used], TODAY) for key in sign.keys]
    with pytest.raises(RetirementRefused) as refused:
        retirement.require_removable(OVER, [used], TODAY, shown=())
    assert refused.value.why == f"{why}; the proposal did not show this"
    retirement.require_removable(OVER, [used], TODAY, shown=shown)


def test_a_sign_is_known_again_by_its_image_or_its_release() -> None:
    images = [
        replace(pulled(2, "prod-a1b2c3d"), digest="sha256:" + "a" * 64),
        image("sha256:" + "b" * 64, pushed=TODAY),
    ]
    assert [sign.keys for sign in retirement.signs_of_use(OVER, images, TODAY)] == [
        {"pulled aaaaaaaaaaaa"}, {"pushed bbbbbbbbbbbb"}, {"prod-a1b2c3d"},
    ]  # fmt: skip


def test_what_its_proposal_did_not_show_nobody_can_have_approved() -> None:
    images = [pulled(2), image("sha256:a", "prod-a1b2c3d", "prod-b1b2c3d")]
    with pytest.raises(RetirementRefused) as refused:
        retirement.require_removable(OVER, images, TODAY, shown=("pulled a", "prod-a1b2c3d"))
    assert refused.value.why == "it holds releases of prod: prod-a1b2c3d, prod-b1b2c3d; the proposal did not show this"
    assert refused.value.fix == (
        "put its entry back into ecr.tf, then start retire-ecr-registry again: it has what is new approved"
    )


ROLES = tuple(f"arn:aws:iam::123456789012:role/rescan-{number}" for number in range(6))


@pytest.mark.parametrize(
    ("excluded", "whose"),
    [
        ((), "ECR does not say by whom, and excludes no role from pull times: it may be the daily re-scan"),
        (ROLES[:1], "not by role/rescan-0, whose pulls ECR does not record"),
        (ROLES, (f"not by {', '.join(f'role/rescan-{number}' for number in range(5))} and 1 more, whose pulls ECR does "
         "not record")),
    ],
)  # fmt: skip
def test_a_recent_pull_says_whether_it_may_be_our_own_rescan(excluded: tuple[str, ...], whose: str) -> None:
    (sign,) = retirement.signs_of_use(OVER, [pulled(2)], TODAY, excluded)
    assert sign.reason.endswith(f"last on 2026-11-19 ({whose})")
    assert sign.keys == {"pulled a"}


def test_archived_images_are_removed_with_the_rest_and_only_the_others_are_read(tmp_path: Path) -> None:
    with registry() as held:
        new, old = held.push("new", "dev-2"), held.push("old", "dev-1", image_status="ARCHIVED")
        assert retirement.images_in_words(held.platform.images(NAME)) == "2, of which 1 are archived"
        digests = retirement.save_image_listing(held.platform, NAME, "dev", tmp_path)
        assert set(digests) == {new, old}
        listed = json.loads((tmp_path / "backup" / "dev-my-app.json").read_bytes())["images"]
        assert {row["digest"]: (row["archived"], row["manifest"] is None) for row in listed} == {
            new: (False, False), old: (True, True),
        }  # fmt: skip
        held.platform.delete(NAME, digests)
        assert held.platform.images(NAME) == ()
        held.client.delete_repository(repositoryName=NAME)


def test_a_run_that_may_not_read_exclusions_does_not_know_them() -> None:
    class Denied:
        def excluded_from_pull_times(self) -> tuple[str, ...]:
            raise AccessDenied("Not allowed to list the pull-time exclusions", fix="Allow it")

    assert retirement.roles_without_pull_times(cast("PlatformEcr", Denied())) is None
