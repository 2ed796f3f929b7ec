"""`goldenpath doctor`: each thing that can be wrong, and what it says to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.adoption import doctor, scaffold
from goldenpath.delivery.adoption.images import DeliveredImage
from goldenpath.shared.check_result import Level
from goldenpath.shared.names import EcrRepository
from tests.unit.delivery.adoption.healthy_app import (
    NAME,
    Forge,
    examined,
    healthy_world,
    worst,
)

if TYPE_CHECKING:
    from goldenpath.delivery.adoption.checkout import GitCheckout


def test_nothing_is_wrong_with_what_init_wrote(healthy: GitCheckout) -> None:
    assert worst(healthy) == []


def test_what_several_jobs_have_in_common_is_remarked_once(healthy: GitCheckout) -> None:
    images = (DeliveredImage(NAME), DeliveredImage(EcrRepository("web-jobs")))
    (healthy.folder / scaffold.CALLER).write_text(scaffold.caller(images, "v1.2.3", notify=True))
    remarks = examined(healthy)
    assert len(remarks) == len(set(remarks))
    assert [each.what for each in remarks if each.about == "notify"] == [
        f"the job `notify-web` of {scaffold.CALLER} reports every end of its delivery",
        "no webhook hears of deliveries",
        f"the job `notify-web-jobs` of {scaffold.CALLER} reports every end of its delivery",
    ]


def test_without_a_network_it_says_what_it_left_out(healthy: GitCheckout) -> None:
    found = worst(healthy, doctor.Clients())
    assert {each.level for each in found} == {Level.LEFT_OUT}
    assert {each.about for each in found} == {"secrets", "registry", "code security", "protection", "github"}


def test_a_default_branch_that_prod_does_not_take_is_told(healthy: GitCheckout) -> None:
    forge = Forge(default_branch="master", branches=frozenset({"master", "development"}))
    remark = next(each for each in worst(healthy, healthy_world(forge)) if each.about == "branch")
    assert remark.what == "the default branch is `master`, but prod accepts only refs/heads/main, refs/tags/v*"


def test_a_mistake_in_the_app_s_rules_is_told_with_its_line(healthy: GitCheckout) -> None:
    (healthy.folder / ".goldenpath.yml").write_text("version: 2\n")
    (remark,) = worst(healthy)
    assert remark.level is Level.ERROR
    assert ".goldenpath.yml:1" in remark.what
