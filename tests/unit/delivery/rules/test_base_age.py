"""Every cell of the rule about the age of base images, and that it is read and explained."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.rules.base_age import require_young
from goldenpath.shared.errors import BaseRefused, PolicyInvalid
from goldenpath.shared.names import Digest
from tests.unit import policy_table

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LIMIT = timedelta(days=30)
TEXT = policy_table.TEXT
PYTHON = BaseImage("docker.io/library/python:3", Digest(f"sha256:{'1' * 64}"))


def rules(name: str, limit: timedelta | None = LIMIT) -> matrix.Environment:
    return replace(matrix.load().environment(name), base_age=limit)


def aged(**age: int) -> BaseImage:
    return BaseImage(PYTHON.name, PYTHON.digest, NOW - timedelta(**age))


#                        image                    blocking      advisory
CELLS = {
    "made today": (aged(), "fine", "fine"),
    "made on the last day": (aged(days=30, hours=23), "fine", "fine"),
    "made a day too early": (aged(days=31), "refused", "warned"),
    "made by a clock that is ahead": (aged(minutes=-50), "fine", "fine"),
    "made tomorrow": (aged(days=-1), "warned", "warned"),
    "made nobody knows when": (PYTHON, "warned", "warned"),
}
BLOCKING, ADVISORY = ("test", "staging", "prod"), ("local", "dev")


def outcome(image: BaseImage | None, environment: matrix.Environment) -> str:
    try:
        warnings = require_young(None if image is None else (image,), environment, NOW)
    except BaseRefused:
        return "refused"
    return "warned" if warnings else "fine"


@pytest.mark.parametrize("name", CELLS)
def test_a_base_image_of_each_age_in_each_environment(name: str) -> None:
    image, blocking, advisory = CELLS[name]
    assert {outcome(image, rules(each)) for each in BLOCKING} == {blocking}
    assert {outcome(image, rules(each)) for each in ADVISORY} == {advisory}
    assert {outcome(image, rules(each, None)) for each in (*BLOCKING, *ADVISORY)} == {"fine"}


def test_images_that_nobody_could_list_are_of_unknown_age() -> None:
    assert {outcome(None, rules(each)) for each in (*BLOCKING, *ADVISORY)} == {"warned"}
    (said,) = require_young(None, rules("prod"), NOW)
    assert said == "the age of the base images is unknown; prod allows 30 days"


def test_a_refusal_names_every_image_that_is_too_old_and_what_to_do() -> None:
    tools = BaseImage("ghcr.io/team/tools:2", PYTHON.digest, NOW - timedelta(days=40))
    with pytest.raises(BaseRefused) as caught:
        require_young((aged(days=31), tools, PYTHON), rules("prod"), NOW)
    assert str(caught.value) == (
        "2 base images are too old for prod: docker.io/library/python:3 was made on 2026-10-28, 31 days ago; "
        "ghcr.io/team/tools:2 was made on 2026-10-19, 40 days ago. The platform allows base images of at most "
        "30 days there. Build from a newer image: a tag that is still being built, without a digest or with its newest "
        "one. If there is none, ask the platform team about `base_days` (docs/policy.md)."
    )


def test_a_warning_says_how_old_an_image_is_or_that_nobody_knows() -> None:
    assert require_young((aged(days=31), PYTHON), rules("dev"), NOW) == (
        "the base image docker.io/library/python:3 was made on 2026-10-28, 31 days ago; dev allows 30 days",
        "the age of the base image docker.io/library/python:3 is unknown; dev allows 30 days",
    )


def test_rules_that_do_not_speak_of_it_allow_any_age() -> None:
    assert {each.base_age for each in matrix.load().environments} == {None}


@pytest.mark.parametrize("wrong", ["0", "-1", "30.5", "'30'", "any", "true", "4000", "[30]"])
def test_anything_else_under_base_days_is_refused(wrong: str) -> None:
    with pytest.raises(PolicyInvalid, match=r"\.base_days"):
        matrix.parse(TEXT.replace("base_registries: any", f"base_registries: any\n    base_days: {wrong}"))
