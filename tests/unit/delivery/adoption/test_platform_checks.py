"""What `goldenpath doctor` says of the platform that an app calls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.adoption import platform_checks
from goldenpath.delivery.adoption.reusable_workflow import CommentCaller
from goldenpath.shared.check_result import Level
from tests.unit.settings_double import APP, SLUG, SettingsDouble, healthy

if TYPE_CHECKING:
    from goldenpath.delivery.adoption.settings import RepositorySettings
from tests.unit.delivery.adoption.test_actions_checks import CALLER, told

FILE = ".github/workflows/delivery.yml"


PUBLIC = {**APP, "private": False, "visibility": "public"}


INTERNAL = {**APP, "visibility": "internal"}


PRIVATE: dict[str, Any] = {"private": True, "visibility": "private"}


ACCESS: dict[str, tuple[SettingsDouble, Level, str]] = {
    "public": (healthy(), Level.GOOD, "is public, so this repository may call it"),
    "internal, for its enterprise": (
        healthy(
            repository=INTERNAL, platform={"private": True, "visibility": "internal"},
            access={"access_level": "enterprise"},
        ),
        Level.GOOD, "this repository may call",
    ),
    "internal, for nobody": (
        healthy(platform={"private": True, "visibility": "internal"}, access={"access_level": "none"}), Level.ERROR,
        "is internal and allows no other repository to call it",
    ),
    "private, for its owner": (
        healthy(platform=PRIVATE, access={"access_level": "organization"}), Level.GOOD, "this repository may call",
    ),
    "private, for nobody": (
        healthy(platform=PRIVATE, access={"access_level": "none"}), Level.ERROR,
        "is private and allows no other repository to call it",
    ),
    "private, and nobody says": (healthy(platform=PRIVATE), Level.LEFT_OUT, "the token may not read who may call"),
    "private, for a public app": (
        healthy(repository=PUBLIC, platform=PRIVATE), Level.ERROR, "is private, but this repository is public",
    ),
    "private, for an internal app": (
        healthy(repository=INTERNAL, platform=PRIVATE), Level.ERROR, "is private, but this repository is internal",
    ),
    "internal, for a public app": (
        healthy(repository=PUBLIC, platform={"private": True, "visibility": "internal"}), Level.ERROR, "is internal",
    ),
    "not visible": (healthy(platform=404), Level.LEFT_OUT, "the token may not read who may call"),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCESS)
def test_who_may_call_the_platform_is_told(case: str) -> None:
    settings, level, words = ACCESS[case]
    ((found, what),) = told(platform_checks.access(CALLER, SLUG, settings))
    assert (found, words in what) == (level, True), what


def test_a_private_platform_of_another_owner_cannot_be_called() -> None:
    settings = healthy(platform=PRIVATE, access={"access_level": "organization"})
    ((found, _),) = told(platform_checks.access(CALLER, "team/web", settings))
    assert found is Level.ERROR


@pytest.mark.parametrize(("slug", "levels"), [(SLUG, []), ("team/web", [Level.WARNING]), ("", [])])
def test_secrets_are_inherited_within_one_owner_only(slug: str, levels: list[Level]) -> None:
    assert [level for level, _ in told(platform_checks.secrets(CALLER, slug))] == levels
    assert told(platform_checks.secrets(replace(CALLER, secrets=frozenset({"AWS_ROLE_ARN"})), slug)) == []


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"reports_artifact"}, "evidence, reports_artifact_id"),
        ({"reports_artifact_id"}, "evidence"),
        ({"reports_artifact_id", "evidence"}, ""),
    ],
)
def test_a_comment_from_before_is_told_what_to_copy(given: set[str], missing: str) -> None:
    words = f"the comment of {FILE} cannot show the verdict, because inputs are missing: {missing}"
    found = told(platform_checks.comments(CommentCaller(FILE, frozenset(given))))
    assert found == ([(Level.WARNING, words)] if missing else [])


@pytest.mark.parametrize(("settings", "warned"), [(healthy(repository=PUBLIC), 1), (healthy(), 0), (None, 1)])
def test_pull_request_target_is_warned_of_where_github_blocks_it(
    settings: RepositorySettings | None, warned: int
) -> None:
    caller = replace(CALLER, events=frozenset({"pull_request_target"}))
    assert len(told(platform_checks.target(caller, settings))) == warned
    assert told(platform_checks.target(CALLER, settings)) == []
