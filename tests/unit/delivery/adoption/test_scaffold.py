"""`goldenpath init`: what it writes, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.delivery.adoption import notify_checks, reusable_workflow, scaffold
from goldenpath.delivery.adoption.images import DeliveredImage
from goldenpath.delivery.builds import dockerfiles
from goldenpath.delivery.rules import app, matrix
from goldenpath.shared.check_result import Level
from goldenpath.shared.errors import FilesDiffer
from goldenpath.shared.names import PLATFORM, EcrRepository

NAME = EcrRepository("team/web")
TEMPLATE = reusable_workflow.platform_file(reusable_workflow.TEMPLATE)


def plan(folder: Path, dockerfile: str = "Dockerfile", ref: str = "main") -> tuple[scaffold.PlannedFile, ...]:
    return scaffold.plan(folder, (DeliveredImage(NAME, dockerfile),), ref)


def job_of(*images: DeliveredImage, ref: str = "main") -> dict[str, Any]:
    (job,) = yaml.safe_load(scaffold.caller(images, ref))["jobs"].values()
    return dict(job)


def test_the_caller_is_the_template_with_the_app_s_own_name() -> None:
    (wanted,) = yaml.safe_load(TEMPLATE)["jobs"].values()
    assert job_of(DeliveredImage(NAME)) == {**wanted, "with": {**wanted["with"], "ecr_repository": "team/web"}}


def test_a_dockerfile_in_another_place_is_named() -> None:
    assert job_of(DeliveredImage(NAME, "docker/Dockerfile"))["with"]["dockerfile_path"] == "./docker/Dockerfile"


def test_a_release_of_the_platform_is_called_where_one_is_named() -> None:
    assert job_of(DeliveredImage(NAME, ""), ref="v1.2.3")["uses"].endswith("/_build-and-release.yml@v1.2.3")


def test_the_rules_it_writes_are_valid_and_change_nothing(tmp_path: Path) -> None:
    (_, rules) = plan(tmp_path)
    assert rules.path == ".goldenpath.yml"
    assert app.parse(rules.text, matrix.load()) == replace(app.NO_RULES, tighten=({},))


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    assert len(scaffold.write(tmp_path, plan(tmp_path), force=False)) == 2
    assert scaffold.write(tmp_path, plan(tmp_path), force=False) == ()
    assert [each.diff() for each in plan(tmp_path)] == ["", ""]


def test_a_caller_that_says_something_else_is_not_overwritten_and_the_difference_is_told(tmp_path: Path) -> None:
    scaffold.write(tmp_path, plan(tmp_path), force=False)
    with pytest.raises(FilesDiffer) as refused:
        scaffold.write(tmp_path, plan(tmp_path, ref="v1.2.3"), force=False)
    assert refused.value.what == ".github/workflows/delivery.yml already exists with different content"
    assert f"+    uses: {PLATFORM}/.github/workflows/_build-and-release.yml@v1.2.3" in refused.value.why
    assert "@main" in (tmp_path / scaffold.CALLER).read_text()


def test_force_overwrites_the_caller_but_never_the_app_s_own_rules(tmp_path: Path) -> None:
    scaffold.write(tmp_path, plan(tmp_path), force=False)
    (tmp_path / app.FILE).write_text("version: 1\nexceptions: []\n")
    written = scaffold.write(tmp_path, plan(tmp_path, ref="v1.2.3"), force=True)
    assert [each.path for each in written] == [scaffold.CALLER]
    assert (tmp_path / app.FILE).read_text() == "version: 1\nexceptions: []\n"


def test_the_dockerfile_nearest_to_the_root_comes_first() -> None:
    listed = ["b/c/Dockerfile", "b/Dockerfile", "a/Dockerfile", "Dockerfile.bak", "b/Dockerfile.dev"]
    assert dockerfiles.candidates(listed) == ("a/Dockerfile", "b/Dockerfile", "b/c/Dockerfile")


def test_the_job_that_reports_is_about_the_same_image_and_environment() -> None:
    image = DeliveredImage(NAME, "docker/Dockerfile", "web")
    plain = yaml.safe_load(scaffold.caller((image,), "v1.2.3", "develop"))
    jobs = yaml.safe_load(scaffold.caller((image,), "v1.2.3", "develop", notify=True))["jobs"]
    notify = jobs.pop("notify")
    assert jobs == plain["jobs"]
    assert notify["uses"].endswith("/_notify.yml@v1.2.3")
    of_delivery = plain["jobs"]["delivery"]["with"]
    assert {name: notify["with"][name] for name in ("environment", "ecr_repository")} == {
        name: of_delivery[name] for name in ("environment", "ecr_repository")
    }
    assert set(notify["with"]) & set(of_delivery) == {"environment", "ecr_repository"}


def test_the_template_that_reports_is_the_other_one_and_one_more_job() -> None:
    reporting = yaml.safe_load(reusable_workflow.platform_file(reusable_workflow.NOTIFY))
    assert reporting["jobs"].pop("notify")["permissions"] == {"issues": "write"}
    assert reporting == yaml.safe_load(TEMPLATE)


SEVERAL = (
    DeliveredImage(EcrRepository("shop/api"), "services/api/Dockerfile", "services/api"),
    DeliveredImage(EcrRepository("1.10"), "web/Dockerfile.prod", "."),
    DeliveredImage(EcrRepository("shop-api"), "Dockerfile", "."),
)


def test_each_of_several_images_has_a_job_that_reports_its_own_delivery() -> None:
    text = scaffold.caller(SEVERAL, "v1.2.3", "develop", notify=True)
    jobs = yaml.safe_load(text)["jobs"]
    assert list(jobs) == [
        "delivery-shop-api", "notify-shop-api", "delivery-1-10", "notify-1-10",
        "delivery-shop-api-2", "notify-shop-api-2",
    ]  # fmt: skip
    names = ("ecr_repository", "build_context", "dockerfile_path")
    delivered = [job["with"] for name, job in jobs.items() if name.startswith("delivery-")]
    assert [tuple(given[name] for name in names) for given in delivered] == [
        ("shop/api", "services/api", "services/api/Dockerfile"), ("1.10", ".", "web/Dockerfile.prod"),
        ("shop-api", ".", "Dockerfile"),
    ]  # fmt: skip
    notifying = {name: job["with"]["ecr_repository"] for name, job in jobs.items() if name.startswith("notify-")}
    assert list(notifying.values()) == ["shop/api", "1.10", "shop-api"]
    assert {job["with"]["environment"] for job in jobs.values()} == {jobs["delivery-1-10"]["with"]["environment"]}
    assert "development" not in text


def test_each_image_is_delivered_and_reported_as_the_one_of_another_app_is() -> None:
    one = yaml.safe_load(scaffold.caller(SEVERAL[:1], "v1.2.3", notify=True))["jobs"]
    several = yaml.safe_load(scaffold.caller(SEVERAL, "v1.2.3", notify=True))["jobs"]
    several["delivery-shop-api"]["with"]["dockerfile_path"] = "./services/api/Dockerfile"
    assert several["delivery-shop-api"] == one["delivery"]
    renamed = yaml.safe_load(yaml.safe_dump(several["notify-shop-api"]).replace("delivery-shop-api", "delivery"))
    assert renamed == one["notify"]


def test_doctor_finds_nothing_wrong_with_the_reports_of_several_images() -> None:
    workflow = reusable_workflow.workflow(scaffold.CALLER, scaffold.caller(SEVERAL, "v1.2.3", notify=True))
    called = reusable_workflow.read(reusable_workflow.NOTIFY_WORKFLOW)
    remarks = list(notify_checks.notifications(workflow, called, None))
    assert [remark.what for remark in remarks if remark.level > Level.LEFT_OUT or "no job of" in remark.what] == []
    assert len(workflow.notifications) == len(SEVERAL)


def test_the_template_of_several_that_reports_starts_as_the_other_one() -> None:
    reporting = yaml.safe_load(reusable_workflow.platform_file(reusable_workflow.MONOREPO_NOTIFY))
    plain = yaml.safe_load(reusable_workflow.platform_file(reusable_workflow.MONOREPO))
    assert {name: reporting[name] for name in reporting if name != "jobs"} == {
        name: plain[name] for name in plain if name != "jobs"
    }
    matrix_job = plain["jobs"]["delivery"]
    for image in matrix_job.pop("strategy")["matrix"]["image"]:
        given = {name: text.replace("${{ matrix.image }}", image) for name, text in matrix_job["with"].items()}
        assert reporting["jobs"][f"delivery-{image}"] == {**matrix_job, "with": given}


@pytest.mark.parametrize("notify", [False, True])
@pytest.mark.parametrize("images", [SEVERAL, SEVERAL[:1]], ids=["several", "one"])
def test_what_is_left_of_the_template_s_comments_is_a_whole_sentence(
    images: tuple[DeliveredImage, ...], notify: bool
) -> None:
    comment, name = scaffold.caller(images, "v1.2.3", notify=notify).splitlines()[:2]
    assert comment.startswith("# Delivers ")
    assert (comment[-1], name) == (".", "name: delivery")
