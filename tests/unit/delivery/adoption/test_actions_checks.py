"""What `goldenpath doctor` says of a repository's settings on GitHub, and of what its token may not read."""

# A reply may be anything.
# ruff: noqa: ANN401

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.adoption import actions_checks, environment_checks, platform_checks
from goldenpath.delivery.adoption.reusable_workflow import Caller
from goldenpath.shared.check_result import Level, Remark
from goldenpath.shared.names import PLATFORM
from tests.unit.settings_double import APP, HEALTHY, SLUG, SettingsDouble, healthy

if TYPE_CHECKING:
    from goldenpath.delivery.adoption.settings import RepositorySettings

FILE = ".github/workflows/delivery.yml"
CALLER = Caller(
    FILE,
    "delivery",
    PLATFORM,
    "v1.2.3",
    None,
    {"environment": "prod"},
    None,
    events=frozenset({"push"}),
)
APPROVING = replace(CALLER, inputs={"environment": "prod", "approval": "True"})
PUBLIC = {**APP, "private": False, "visibility": "public"}
QUEUE = {"type": "merge_queue", "parameters": {}}
REQUIRED = {
    "type": "required_status_checks",
    "parameters": {"required_status_checks": [{"context": "delivery / verdict"}]},
}
BLIND = SettingsDouble()


def told(remarks: Remark | Iterable[Remark]) -> list[tuple[Level, str]]:
    found = [remarks] if isinstance(remarks, Remark) else list(remarks)
    assert all(each.fix for each in found if each.level > Level.GOOD)
    return [(each.level, each.what) for each in found]


OTHERS = replace(CALLER, slug="someone/platform")
STARS = {"github_owned_allowed": True, "patterns_allowed": ["someone/platform/*"]}
EXACT = {"github_owned_allowed": False, "patterns_allowed": ["actions/*", "Someone/platform@*"]}
POLICIES: dict[str, tuple[Caller, SettingsDouble, Level, str]] = {
    "everything": (CALLER, healthy(), Level.GOOD, "a delivery may run"),
    "full commit ids": (
        CALLER, healthy(permissions={"enabled": True, "allowed_actions": "all", "sha_pinning_required": True}),
        Level.GOOD,
        "a delivery may run; its rule for full commit ids covers actions, not called workflows",
    ),
    "switched off": (
        CALLER, healthy(permissions={"enabled": False}), Level.ERROR, "Actions are disabled in this repository",
    ),
    "the owner's own": (
        CALLER, healthy(permissions={"enabled": True, "allowed_actions": "local_only"}), Level.ERROR,
        "the repository may not run GitHub's own actions",
    ),
    "selected, of the owner": (
        CALLER, healthy(permissions={"enabled": True, "allowed_actions": "selected"}, selected=STARS), Level.GOOD,
        "a delivery may run",
    ),
    "selected, of another owner": (
        OTHERS, healthy(permissions={"enabled": True, "allowed_actions": "selected"}, selected=STARS), Level.GOOD,
        "a delivery may run",
    ),
    "selected by a name": (
        OTHERS, healthy(permissions={"enabled": True, "allowed_actions": "selected"}, selected=EXACT), Level.GOOD,
        "a delivery may run",
    ),
    "selected, nothing of it": (
        OTHERS, healthy(permissions={"enabled": True, "allowed_actions": "selected"}, selected={}), Level.ERROR,
        "the repository may not run GitHub's own actions or the workflows and actions of someone/platform",
    ),
    "selected, and nobody says what": (
        CALLER, healthy(permissions={"enabled": True, "allowed_actions": "selected"}), Level.LEFT_OUT,
        "the token may not read which actions the repository may run",
    ),
    "not readable": (
        CALLER, BLIND, Level.LEFT_OUT, "the token may not read which actions the repository may run",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", POLICIES)
def test_the_actions_that_a_repository_may_run_are_held_against_what_a_delivery_needs(case: str) -> None:
    caller, settings, level, what = POLICIES[case]
    assert told(actions_checks.policy(caller, settings)) == [(level, what)]


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("disabled_fork", "GitHub does not run a fork's workflows until a person enables them"),
        ("disabled_inactivity", "GitHub disabled it, because this public repository had no commit for 60 days"),
        ("disabled_manually", "a person disabled it"),
    ],
)
def test_a_workflow_that_does_not_start_any_more_is_an_error(state: str, why: str) -> None:
    listed = [
        {"path": FILE, "state": state},
        {"path": "other.yml", "state": state},
        {"path": "x.yml", "state": "active"},
    ]
    settings = healthy(workflows={"workflows": listed})
    assert told(actions_checks.workflows([FILE, "x.yml"], settings)) == [(Level.ERROR, f"{FILE} does not run: {why}")]


@pytest.mark.parametrize(
    ("private", "quiet", "level"), [(False, 50, Level.WARNING), (False, 10, None), (True, 50, None)]
)
def test_a_schedule_that_github_is_about_to_stop_is_told(*, private: bool, quiet: int, level: Level | None) -> None:
    pushed = (datetime.now(UTC) - timedelta(days=quiet)).isoformat()
    settings = healthy(repository={**APP, "private": private, "pushed_at": pushed})
    found = told(actions_checks.schedule(["rescan.yml"], settings))
    assert [each for each, _ in found] == ([level] if level else [])
    assert told(actions_checks.schedule([], settings)) == []
    assert told(actions_checks.schedule(["rescan.yml"], healthy(repository={**PUBLIC, "pushed_at": "?"}))) == []


@pytest.mark.parametrize(
    ("rules", "events", "level"),
    [
        ([QUEUE, REQUIRED], {"push"}, Level.ERROR),
        ([QUEUE], {"push"}, Level.WARNING),
        ([QUEUE, REQUIRED], {"push", "merge_group"}, None),
        ([REQUIRED], {"push"}, None),
        (403, {"push"}, None),
    ],
)
def test_a_merge_queue_needs_the_event_of_a_merge_queue(rules: Any, events: set[str], level: Level | None) -> None:
    caller = replace(CALLER, events=frozenset(events))
    found = told(actions_checks.merge_queue(caller, "main", healthy(rules=rules)))
    assert [each for each, _ in found] == ([level] if level else [])


OLD = {"name": "one", "version": "2.335.9", "ephemeral": True}
RUNNERS: list[tuple[dict[str, Any], list[tuple[Level, str]]]] = [
    ({**OLD, "version": "2.336.0"}, []),
    ({**OLD, "version": "2.1000.0"}, []),
    ({"name": "unknown"}, []),
    (OLD, [(Level.ERROR, "the runner one has version 2.335.9, but the platform's actions need 2.336.0")]),
    (
        {**OLD, "version": "3.0.0", "ephemeral": False},
        [(Level.WARNING, "the runner one is not ephemeral: a job can read and change the files of the job before it")],
    ),
]


@pytest.mark.parametrize(("runner", "found"), RUNNERS)
def test_runners_of_ones_own_are_new_and_keep_nothing(runner: dict[str, Any], found: list[tuple[Level, str]]) -> None:
    assert told(actions_checks.runners(CALLER, healthy(runners={"runners": [runner]}))) == found


@pytest.mark.parametrize(("given", "levels"), [({}, []), ({"runner": "ours"}, [Level.LEFT_OUT])])
def test_runners_that_may_not_be_read_matter_only_to_who_names_one(given: dict[str, str], levels: list[Level]) -> None:
    assert [each for each, _ in told(actions_checks.runners(replace(CALLER, inputs=given), BLIND))] == levels


@pytest.mark.parametrize(
    ("repository", "sizes", "level", "what"),
    [
        (APP, [], Level.GOOD, "0 stored artifacts use 0 MB"),
        (APP, [400_000_000, 200_000_000], Level.WARNING, "2 stored artifacts use 600 MB; GitHub Free has 500 MB for"),
        (PUBLIC, [600_000_000], Level.GOOD, "1 stored artifact uses 600 MB"),
    ],
)
def test_stored_artifacts_are_held_against_the_quota(
    repository: dict[str, Any], sizes: list[int], level: Level, what: str
) -> None:
    kept = [{"size_in_bytes": size, "expired": False} for size in sizes]
    gone = {"size_in_bytes": 10**12, "expired": True}
    body = {"total_count": len(kept), "artifacts": [*kept, gone]}
    ((found, words),) = told(actions_checks.artifacts(healthy(repository=repository, artifacts=body)))
    assert (found, words.startswith(what)) == (level, True), words


def test_only_the_newest_artifacts_are_counted_and_said_so() -> None:
    body = {"total_count": 250, "artifacts": [{"size_in_bytes": 1_000_000, "expired": False}] * 100}
    words = "the newest 100 of 250 stored artifacts use 100 MB"
    assert told(actions_checks.artifacts(healthy(artifacts=body))) == [(Level.GOOD, words)]


EVERY_CHECK: tuple[Callable[[RepositorySettings], Any], ...] = (
    lambda settings: environment_checks.approval(APPROVING, settings),
    lambda settings: platform_checks.access(CALLER, SLUG, settings),
    lambda settings: actions_checks.policy(CALLER, settings),
    lambda settings: actions_checks.merge_queue(CALLER, "main", settings),
    lambda settings: actions_checks.runners(CALLER, settings),
    lambda settings: actions_checks.workflows([FILE], settings),
    lambda settings: actions_checks.schedule([FILE], settings),
    actions_checks.artifacts,
)


ODD = {"workflows": 7, "artifacts": [{"size_in_bytes": None}], "runners": [{}, "x"], "protection_rules": ["x"]}


@pytest.mark.parametrize("body", [0, 401, 403, 404, 500, {}, [], ["x"], ODD])
def test_whatever_github_replies_a_check_says_something_and_raises_nothing(body: Any) -> None:
    settings = SettingsDouble(dict.fromkeys([*HEALTHY, "/environments/prod"], body))
    for check in EVERY_CHECK:
        assert all(level in Level for level, _ in told(check(settings)))
