from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from goldenpath.delivery.builds import base_facts
from goldenpath.delivery.builds.buildx import BuildOrder
from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.model.private_base import FetchedBases
from goldenpath.delivery.registry import public_registry
from goldenpath.shared.errors import BaseRefused
from goldenpath.shared.names import Digest, Platform
from tests.unit import layout_builder, run_builder

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.rules.matrix import Environment
    from goldenpath.delivery.stage import Run

D1, D2 = (Digest(f"sha256:{each * 64}") for each in "12")
PYTHON = BaseImage("docker.io/library/python:3", D1)
NONE = FetchedBases({})
OLD, NEW = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def order(tmp_path: Path) -> BuildOrder:
    (tmp_path / "Dockerfile").write_text("FROM python:3\n")
    return BuildOrder(tmp_path, tmp_path / "Dockerfile", 0, platforms=(Platform("linux/arm64"),))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The images whose registry is asked: each tag names another image, and each image is old."""
    names: list[str] = []

    def newest(image: BaseImage) -> Digest:
        names.append(image.name)
        return D2

    def created(image: BaseImage, platforms: object) -> datetime:
        names.append(f"{image.name} {platforms}")
        return OLD

    monkeypatch.setattr(public_registry, "newest", newest)
    monkeypatch.setattr(public_registry, "created", created)
    return names


def test_what_buildkit_looked_up_a_moment_ago_is_the_newest_and_nobody_is_asked(
    order: BuildOrder, asked: list[str]
) -> None:
    (found,) = base_facts.compared((PYTHON,), order, NONE)
    assert (found.newest, found.is_outdated, asked) == (D1, False, [])


@pytest.mark.parametrize("where", ["Dockerfile", "build argument", "build context"])
def test_of_a_digest_that_the_app_writes_the_registry_says_whether_its_tag_has_moved(
    where: str, order: BuildOrder, asked: list[str]
) -> None:
    match where:
        case "Dockerfile":
            order.dockerfile.write_text(f"FROM python:3@{D1}\n")
        case "build argument":
            order = replace(order, build_args=(("BASE", f"python:3@{D1}"),))
        case _:
            order = replace(order, build_contexts=(("base", f"docker-image://python:3@{D1}"),))
    (found,) = base_facts.compared((PYTHON,), order, NONE)
    assert (found.newest, found.is_outdated, asked) == (D2, True, [PYTHON.name])


def test_an_image_in_a_folder_or_without_a_tag_has_no_newest_one(order: BuildOrder, asked: list[str]) -> None:
    images = (BaseImage("oci-layout://base:1", D1), BaseImage("docker.io/library/python", D2))
    assert base_facts.compared(images, order, NONE) == images
    assert asked == []


def test_a_private_image_is_not_asked_for_by_a_job_that_has_no_login(order: BuildOrder, asked: list[str]) -> None:
    name = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/base:1"
    image = BaseImage(name, D1)
    assert base_facts.compared((image,), order, FetchedBases({name: D1})) == (structs.replace(image, newest=D1),)
    order.dockerfile.write_text(f"FROM {name}@{D1}\n")
    assert base_facts.compared((image,), order, FetchedBases({f"{name}@{D1}": D1})) == (image,)
    assert asked == []


def ruled(run: Run, days: int) -> Run:
    """Return `run` where prod allows base images of at most `days`, and no other environment says anything."""

    def changed(each: Environment) -> Environment:
        return replace(each, base_age=timedelta(days=days)) if each.name == "prod" else each

    policy = replace(run.policy, environments=tuple(map(changed, run.policy.environments)))
    return replace(run, policy=policy, environment=policy.environment(run.environment.name))


def test_without_a_rule_about_it_nobody_asks_how_old_an_image_is(
    tmp_path: Path, order: BuildOrder, asked: list[str]
) -> None:
    with base_facts.looking_up(run_builder.run(tmp_path, "prod"), (PYTHON,), order, NONE) as learned:
        assert learned.images() == (structs.replace(PYTHON, newest=D1),)
    assert (learned.warnings, asked) == ((), [])


def test_an_image_that_is_too_old_is_refused_before_the_build(
    tmp_path: Path, order: BuildOrder, asked: list[str]
) -> None:
    run = ruled(run_builder.run(tmp_path, "prod"), 30)
    with pytest.raises(BaseRefused, match="was made on 2020-01-01"), base_facts.looking_up(run, (PYTHON,), order, NONE):
        pytest.fail("it was built")
    assert asked == [f"{PYTHON.name} ('linux/arm64',)"]


def test_a_build_for_another_environment_records_the_age_for_the_one_that_has_the_rule(
    tmp_path: Path, order: BuildOrder, asked: list[str]
) -> None:
    run = ruled(run_builder.run(tmp_path, "dev"), 30)
    with base_facts.looking_up(run, (PYTHON,), order, NONE) as learned:
        assert learned.images() == (structs.replace(PYTHON, newest=D1, created=OLD),)
    assert (learned.warnings, len(asked)) == ((), 1)


def test_images_that_nobody_could_list_stay_unknown(tmp_path: Path, order: BuildOrder) -> None:
    with base_facts.looking_up(run_builder.run(tmp_path), None, order, NONE) as learned:
        assert learned.images() is None


def test_the_age_of_a_fetched_image_is_read_from_its_files(tmp_path: Path, order: BuildOrder, asked: list[str]) -> None:
    run = ruled(run_builder.run(tmp_path, "dev"), 30)
    layout = layout_builder.layout(tmp_path / "fetched")
    digest, name = layout.root().digest, "123456789012.dkr.ecr.eu-west-2.amazonaws.com/base:1"
    run.work.base_layout(digest).parent.mkdir(parents=True)
    layout.path.rename(run.work.base_layout(digest))
    (image,) = base_facts.dated(run, (BaseImage(name, digest),), order, FetchedBases({name: digest}))
    assert (image.created, asked) == (None, [])


def test_of_several_jobs_the_oldest_date_and_the_last_known_tag_count() -> None:
    images = (
        structs.replace(PYTHON, created=NEW, newest=D1),
        structs.replace(PYTHON, created=OLD),
        BaseImage(PYTHON.name, D2),
    )
    assert base_facts.joined(images) == (structs.replace(PYTHON, created=OLD, newest=D1), BaseImage(PYTHON.name, D2))
