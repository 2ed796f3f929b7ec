from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from github import GithubException

from goldenpath.registries.github import repository
from goldenpath.registries.github.repository import GithubRepository
from goldenpath.shared.errors import GithubRefused

WORKFLOW = {"type": "Bot", "login": "github-actions[bot]"}


class Thread:
    """The requester of a thread's repository, with the comments that were there before; it counts every write."""

    def __init__(self, *comments: dict[str, Any]) -> None:
        self.comments, self.made, self.edits = list(comments), list[str](), dict[str, str]()

    def requestJsonAndCheck(self, verb: str, url: str, input: Any = None) -> Any:  # noqa: A002, ANN401, N802  PyGithub's
        if verb == "POST":
            self.made.append(input["body"])
        if verb == "PATCH":
            self.edits[url] = input["body"]
        return {}, self.comments if verb == "GET" else {}


def comment(user: object, body: str) -> dict[str, Any]:
    return {"id": 5, "user": user, "body": body}


def with_thread(thread: Thread) -> GithubRepository:
    made = GithubRepository("https://api.github.example", "token", "o/p")
    made._repository = cast("Any", SimpleNamespace(requester=thread, url="/o/p"))  # noqa: SLF001  asks GitHub otherwise
    return made


def test_our_comment_with_the_marker_is_rewritten() -> None:
    ours = comment(WORKFLOW, "old\n<!-- goldenpath: apply -->")
    thread = Thread({**comment(WORKFLOW, "<!-- goldenpath: hand-over -->"), "id": 4}, ours)
    with_thread(thread).comment(1, "apply", "new")
    assert (thread.edits, thread.made) == ({"/o/p/issues/comments/5": "new\n<!-- goldenpath: apply -->"}, [])


@pytest.mark.parametrize(
    "user", [None, {"type": "User", "login": "github-actions[bot]"}, {"type": "Bot", "login": "x[bot]"}]
)
def test_a_marker_in_anybody_elses_comment_counts_for_nothing(user: object) -> None:
    thread = Thread(comment(user, "<!-- goldenpath: apply -->"))
    with_thread(thread).comment(1, "apply", "new")
    assert (thread.edits, thread.made) == ({}, ["new\n<!-- goldenpath: apply -->"])


def test_a_text_is_cut_after_a_whole_line() -> None:
    notice = "\n… (the rest is in the log of the run)"
    assert repository.shortened("one\ntwo", 7) == "one\ntwo"
    assert repository.shortened("one\n" + "two\n" * 30, 47) == "one\ntwo" + notice


@pytest.mark.parametrize(
    ("status", "message", "fix"),
    [
        (401, "Bad credentials", "The token has expired or is not one: run the job again"),
        (403, "GitHub Actions is not permitted to create or approve pull requests", "Allow it: Settings → Actions"),
        (404, "Not Found", "Give the job `permissions: pull-requests: write`"),
        (500, "Server Error", "Run the job again; if it persists"),
    ],
)
def test_what_github_refuses_says_what_to_do(status: int, message: str, fix: str) -> None:
    made = GithubRepository("https://api.github.example", "token", "o/p")
    with pytest.raises(GithubRefused) as refused, made.explained("write"):
        raise GithubException(status, {"message": message})
    assert (refused.value.what, refused.value.why) == ("Could not write in o/p", f"HTTP {status}: {message}")
    assert refused.value.fix.startswith(fix)
