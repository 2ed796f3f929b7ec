"""`goldenpath init`: what it writes, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.delivery.adoption import reusable_workflow, scaffold
from goldenpath.delivery.adoption.images import DeliveredImage
from goldenpath.delivery.builds import dockerfiles
from goldenpath.delivery.rules import app, matrix
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
