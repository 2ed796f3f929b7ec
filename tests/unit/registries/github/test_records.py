"""What GitHub tells of runs and edits, where it tells less than usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from goldenpath.registries.github import records
from goldenpath.shared.errors import GithubRefused

if TYPE_CHECKING:
    from goldenpath.registries.github.repository import GithubRepository

NONE: dict[str, Any] = {"nodes": [], "pageInfo": {"hasNextPage": False}}
UNTOUCHED = {"lastEditedAt": None, "editor": None, "userContentEdits": None, "timelineItems": NONE}


class Github:
    """A repository of which GitHub tells `pull` and `bodies`."""

    name = "o/p"

    def __init__(self, pull: dict[str, Any] | None = None, bodies: dict[str, Any] | None = None) -> None:
        self.pull, self.bodies = pull, bodies or {}

    def query(self, _: str, __: str, **___: object) -> Any:  # noqa: ANN401  any JSON
        return {"pullRequest": self.pull}

    def get(self, path: str, _: str) -> Any:  # noqa: ANN401  any JSON
        return self.bodies.get(path)


def repository(**told: Any) -> GithubRepository:  # noqa: ANN401
    return cast("GithubRepository", Github(**told))


def test_a_text_that_nobody_edited_has_no_history() -> None:
    found = records.text_history(repository(pull=UNTOUCHED), 1)
    assert (found.edits, found.reopened) == ((), ())


def test_the_last_edit_is_known_though_the_list_of_edits_is_left_out() -> None:
    mallory = {"__typename": "User", "login": "mallory"}
    edited = {**UNTOUCHED, "lastEditedAt": "2026-11-21T12:00:00Z", "editor": mallory}
    (only,) = records.text_history(repository(pull=edited), 1).edits
    assert (only.by.login, only.by.is_person, only.at.isoformat()) == ("mallory", True, "2026-11-21T12:00:00+00:00")
    listed = {**NONE, "nodes": [{"editedAt": "2026-11-21T12:00:00Z", "editor": mallory}]}
    assert records.text_history(repository(pull={**edited, "userContentEdits": listed}), 1).edits == (only,)


def test_an_account_that_is_gone_is_nobody() -> None:
    edited = {**UNTOUCHED, "lastEditedAt": "2026-11-21T12:00:00Z"}
    (only,) = records.text_history(repository(pull=edited), 1).edits
    assert (only.by.login, only.by.is_person) == ("", False)


def test_a_run_whose_attempts_are_not_all_there_is_refused() -> None:
    with pytest.raises(GithubRefused, match="Could not read the workflow run 47 in o/p"):
        records.attempts(repository(bodies={"actions/runs/47": {"run_attempt": 2}}), 47)


def test_a_pull_request_that_github_does_not_have_is_refused() -> None:
    with pytest.raises(GithubRefused, match="Could not read pull request #7 in o/p"):
        records.pull_request(repository(), 7)


def test_the_newest_merge_of_a_branch_is_known_by_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    github, asked = repository(), list[str]()
    days = {1: "2026-11-20T08:00:00Z", 3: "2026-11-28T08:00:00Z", 2: "2026-11-28T09:00:00Z", 4: None}
    listed = [{"number": number, "merged_at": day} for number, day in days.items()]

    def get(path: str, _: str) -> object:
        asked.append(path)
        return listed

    monkeypatch.setattr(github, "get", get)
    assert records.newest_merged(github, "registry/dev/a+b", "development") == 2
    assert "head=o%3Aregistry%2Fdev%2Fa%2Bb&base=development" in asked[0]
    listed.clear()
    assert records.newest_merged(github, "registry/dev/a+b", "development") is None
