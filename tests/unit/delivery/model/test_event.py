from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.model.event import (
    Event,
    comes_from_fork,
    commit_before,
    default_branch_of,
    is_by_dependabot,
    proposed_head,
)
from goldenpath.delivery.running import execution
from goldenpath.shared.errors import BadInput
from goldenpath.shared.names import Commit, EcrRepository
from goldenpath.shared.runner import Runner
from tests.unit.builders import COMMIT

BASE = "b" * 40


@pytest.mark.parametrize(
    ("name", "payload", "before"),
    [
        ("push", {"before": BASE, "after": COMMIT}, BASE),
        ("push", {"before": "0" * 40, "after": COMMIT}, None),
        ("pull_request", {"pull_request": {"base": {"sha": BASE}, "head": {"sha": COMMIT}}}, BASE),
        ("pull_request_review", {"pull_request": {"base": {"sha": BASE}, "head": {"sha": COMMIT}}}, BASE),
        ("merge_group", {"merge_group": {"base_sha": BASE, "head_sha": COMMIT}}, BASE),
        ("workflow_dispatch", {}, None),
        ("schedule", {}, None),
        ("push", {}, None),
        ("pull_request", {"pull_request": None}, None),
    ],
)
def test_an_event_bounds_the_commits_it_brings(name: str, payload: dict[str, Any], before: str | None) -> None:
    assert commit_before(name, payload) == before


@pytest.mark.parametrize(
    ("base", "head", "fork"), [("o/app", "o/app", False), ("o/app", "someone/app", True), ("o/app", None, True)]
)
def test_a_pull_request_from_another_repository_is_from_a_fork(base: str, head: str | None, *, fork: bool) -> None:
    pull = {"base": {"repo": {"full_name": base}}, "head": {"repo": {"full_name": head} if head else None}}
    assert comes_from_fork({"pull_request": pull}) is fork


def test_dependabot_is_known_by_who_did_it_whatever_happened() -> None:
    assert is_by_dependabot({"sender": {"login": "dependabot[bot]"}, "pull_request": {}})
    assert is_by_dependabot({"sender": {"login": "dependabot[bot]"}})
    assert not is_by_dependabot({"sender": {"login": "someone"}})
    assert not is_by_dependabot({"sender": None})


def test_a_pull_request_of_dependabot_is_not_one_of_a_fork(tmp_path: Path) -> None:
    side = {"repo": {"full_name": "o/app"}, "sha": BASE}
    payload = {"pull_request": {"base": side, "head": side}, "sender": {"login": "dependabot[bot]"}}
    here = Runner(in_actions=True, event_name="pull_request", event=payload, sha=COMMIT, ref="refs/pull/7/merge")
    event = execution.event_of(here, tmp_path)
    assert (event.fork, event.by_dependabot) == (False, True)


@pytest.mark.parametrize(
    ("name", "payload", "head"),
    [
        ("push", {"before": BASE, "after": COMMIT}, COMMIT),
        ("push", {"before": BASE, "after": "0" * 40}, None),
        ("pull_request", {"pull_request": {"base": {"sha": BASE}, "head": {"sha": COMMIT}}}, COMMIT),
        ("pull_request_target", {"pull_request": {"head": {"sha": COMMIT}}}, COMMIT),
        ("pull_request_review_comment", {"pull_request": {"base": {"sha": BASE}, "head": {"sha": COMMIT}}}, COMMIT),
        ("merge_group", {"merge_group": {"base_sha": BASE, "head_sha": COMMIT}}, None),
        ("schedule", {}, None),
    ],
)
def test_an_event_names_what_was_pushed_or_proposed(name: str, payload: dict[str, Any], head: str | None) -> None:
    assert proposed_head(name, payload) == head


@pytest.mark.parametrize(
    ("name", "ref", "checked"),
    [
        ("pull_request", "refs/pull/1/merge", True),
        ("pull_request_target", "refs/heads/main", True),
        ("pull_request_review", "refs/pull/1/merge", True),
        ("pull_request_review_comment", "refs/pull/1/merge", True),
        ("merge_group", "refs/heads/gh-readonly-queue/main/pr-1", True),
        ("an_event_of_the_future", "refs/pull/1/merge", True),
        ("push", "refs/heads/gh-readonly-queue/main/pr-1-0123456", True),
        ("push", "refs/heads/fix-gh-readonly-queue/main", False),
        ("push", "refs/heads/refs/pull/1", False),
        ("push", "refs/heads/main", False),
        ("issue_comment", "refs/heads/main", False),
    ],
)
def test_what_runs_on_a_proposal_only_checks_it(name: str, ref: str, *, checked: bool) -> None:
    assert Event(name, Commit(COMMIT), ref).is_pull_request is checked


MAIN = {"repository": {"default_branch": "trunk"}}


@pytest.mark.parametrize(
    ("name", "ref", "payload", "branch"),
    [
        ("push", "refs/heads/main", MAIN, "trunk"),
        ("pull_request", "refs/pull/1/merge", MAIN, "trunk"),
        ("schedule", "refs/heads/trunk", {"schedule": "23 5 * * *"}, "trunk"),
        ("schedule", "refs/heads/main", MAIN, "trunk"),
        ("schedule", "", {}, ""),
        ("push", "refs/heads/main", {}, ""),
        ("push", "refs/heads/main", {"repository": "o/app"}, ""),
        ("push", "refs/heads/main", {"repository": {"default_branch": None}}, ""),
        ("push", "refs/heads/main", {"repository": {"default_branch": ["main"]}}, ""),
    ],
)
def test_an_event_names_the_default_branch_and_a_scheduled_run_is_on_it(
    name: str, ref: str, payload: dict[str, Any], branch: str
) -> None:
    assert default_branch_of(name, ref, payload) == branch


@pytest.mark.parametrize(
    ("ref", "protected", "reviewed"),
    [
        ("refs/heads/trunk", False, True),
        ("refs/heads/main", False, False),
        ("refs/heads/main", True, True),
        ("refs/heads/trunk/x", False, False),
        ("refs/tags/trunk", False, False),
        ("refs/tags/v1", True, False),
        ("refs/heads/", False, False),
        ("", False, False),
    ],
)
def test_the_default_branch_and_protected_branches_are_reviewed(ref: str, *, protected: bool, reviewed: bool) -> None:
    event = Event("push", Commit(COMMIT), ref, default_branch="trunk", ref_protected=protected)
    assert event.is_on_reviewed_branch is reviewed


def test_only_a_tag_has_the_name_of_a_tag() -> None:
    assert Event("push", Commit(COMMIT), "refs/tags/v1/2").tag == "v1/2"
    assert Event("push", Commit(COMMIT), "refs/heads/refs/tags/v1").tag == ""


def test_only_a_run_at_a_terminal_is_in_no_workflow() -> None:
    assert not Event("terminal", Commit(COMMIT), "refs/heads/main").in_workflow
    assert Event("", Commit(COMMIT), "refs/heads/main").in_workflow


@pytest.mark.parametrize(
    ("tag", "component", "version", "as_image_tag"),
    [
        ("v1.4.2", "", "1.4.2", "v1.4.2"),
        ("v1.4.2-rc.1", "", "1.4.2-rc.1", "v1.4.2-rc.1"),
        ("my-web-v1.2.3", "my-web", "1.2.3", "my-web-v1.2.3"),
        ("my-web@1.2.3", "my-web", "1.2.3", None),
        ("@acme/my-web@1.2.3-beta.0", "my-web", "1.2.3-beta.0", None),
        ("my-web@v1.2.3", "my-web", "1.2.3", None),
        ("services/my-web/v1.2.3", "my-web", "1.2.3", None),
        ("vault-sync-v1.2.3", "vault-sync", "1.2.3", "vault-sync-v1.2.3"),
        ("my-web-v1.2.3-v2", "my-web", "1.2.3-v2", "my-web-v1.2.3-v2"),
        ("release-v1.2.3", "", "1.2.3", "release-v1.2.3"),
    ],
)
def test_a_release_tag_gives_its_version_and_its_component(
    tag: str, component: str, version: str, as_image_tag: str | None
) -> None:
    release = Event("push", Commit(COMMIT), f"refs/tags/{tag}").release
    assert release is not None
    assert (release.component, release.version, release.as_image_tag) == (component, version, as_image_tag)


@pytest.mark.parametrize(
    "ref", ["refs/heads/main", "refs/heads/v1.2.3", "refs/tags/nightly", "refs/tags/my-web-very", "refs/tags/1.2.3"]
)
def test_what_is_no_release_tag_releases_no_version(ref: str) -> None:
    assert Event("push", Commit(COMMIT), ref).release is None


def test_a_tag_that_only_begins_as_a_release_is_refused() -> None:
    with pytest.raises(ValueError, match="does not begin with a number"):
        _ = Event("push", Commit(COMMIT), "refs/tags/very-nice").release


@pytest.mark.parametrize(
    ("repository", "own"),
    [("my-web", True), ("acme/my-web", True), ("my/web", True), ("my-worker", False), ("my-web/cache", False)],
)
def test_a_components_tag_is_for_the_repository_of_that_name(repository: str, *, own: bool) -> None:
    release = Event("push", Commit(COMMIT), "refs/tags/my-web-v1.2.3").release
    assert release is not None
    assert release.is_for(EcrRepository(repository)) is own
    assert release.is_for(None)


def test_an_event_without_a_commit_is_refused() -> None:
    with pytest.raises(BadInput, match="names no commit"):
        execution.event_of(Runner(in_actions=True, event_name="push", sha="not-a-sha"), Path())
