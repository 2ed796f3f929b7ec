"""What GitHub tells of runs and edits, where it tells less than usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from goldenpath.errors import GithubRefused
from goldenpath.registries.github import records

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
    with pytest.raises(GithubRefused, match="could not read the workflow run 47 in o/p"):
        records.attempts(repository(bodies={"actions/runs/47": {"run_attempt": 2}}), 47)
