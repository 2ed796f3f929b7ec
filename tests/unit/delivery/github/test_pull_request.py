# PyGithub's requester is called with anything.
# ruff: noqa: ANN401

from __future__ import annotations

from typing import Any

import pytest
from github import GithubException
from github.Requester import Requester
from requests.exceptions import ConnectTimeout

from goldenpath.delivery.github.pull_request import write_comment

MARKER = "<!-- goldenpath: my-app -->"
COMMENTS = "/repos/o/app/issues/7/comments"


def comment(number: int, body: str, kind: str = "Bot", login: str = "github-actions[bot]") -> dict[str, Any]:
    return {"id": number, "body": body, "user": {"login": login, "type": kind}}


class Api:
    """A double of PyGithub's requester: pages of comments to read, every write kept."""

    def __init__(self, *pages: object) -> None:
        self.writes: list[tuple[str, str, object]] = []
        self.asked: list[str] = []
        self._pages = list(pages)

    def __call__(self, verb: str, url: str, **options: Any) -> Any:
        if verb != "GET":
            self.writes.append((verb, url, options["input"]))
            return {}, {}
        self.asked.append(url)
        page = self._pages.pop(0)
        if isinstance(page, BaseException):
            raise page
        return {}, page


def said(monkeypatch: pytest.MonkeyPatch, *pages: object) -> tuple[str, Api]:
    api = Api(*pages)
    monkeypatch.setattr(Requester, "requestJsonAndCheck", api)
    return write_comment("https://api.github.com", "t", "o/app", 7, "my-app", "all is well"), api


def test_the_first_comment_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    why, api = said(monkeypatch, [comment(1, "hello", "User")])
    assert why == ""
    assert api.writes == [("POST", COMMENTS, {"body": f"{MARKER}\nall is well"})]


def test_an_earlier_comment_of_ours_is_kept_up_to_date_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    why, api = said(monkeypatch, [comment(each, "noise") for each in range(100)], [comment(200, f"{MARKER}\nold")])
    assert why == ""
    assert api.asked == [f"{COMMENTS}?per_page=100&page=1", f"{COMMENTS}?per_page=100&page=2"]
    assert [write[:2] for write in api.writes] == [("PATCH", "/repos/o/app/issues/comments/200")]


def test_a_person_who_writes_the_marker_keeps_their_comment(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = [
        comment(1, f"{MARKER}\nmine", "User"), comment(2, f"about {MARKER}"), {"id": 3, "body": MARKER},
        comment(4, f"{MARKER}\nof another app", login="echo[bot]"),
    ]  # fmt: skip
    _, api = said(monkeypatch, theirs)
    assert [write[0] for write in api.writes] == ["POST"]


def test_a_comment_that_says_the_same_already_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    why, api = said(monkeypatch, [comment(1, f"{MARKER}\nall is well")])
    assert (why, api.writes) == ("", [])


def test_a_comment_that_somebody_deleted_meanwhile_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(Api):
        def __call__(self, verb: str, url: str, **options: Any) -> Any:
            answer = super().__call__(verb, url, **options)
            if verb == "PATCH":
                raise GithubException(404, {"message": "Not Found"})
            return answer

    api = Forgetful([comment(1, f"{MARKER}\nold")])
    monkeypatch.setattr(Requester, "requestJsonAndCheck", api)
    assert write_comment("https://api.github.com", "t", "o/app", 7, "my-app", "new") == ""
    assert [write[0] for write in api.writes] == ["PATCH", "POST"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (GithubException(403, {"message": "Resource not accessible by integration"}),
         ("the token may not comment; give the job `permissions: pull-requests: write` "
         "(HTTP 403: Resource not accessible by integration)")),
        (GithubException(403, {"message": "Unable to create comment because issue is locked."}),
         ("the conversation is locked; unlock it, or read the run's summary "
         "(HTTP 403: Unable to create comment because issue is locked.)")),
        (GithubException(410, {"message": "This issue was deleted"}),
         "the pull request is not there any more, or the token may not read it (HTTP 410: This issue was deleted)"),
        (GithubException(404, {"message": "Not Found"}),
         "the pull request is not there any more, or the token may not read it (HTTP 404: Not Found)"),
        (GithubException(403, {"message": "You have exceeded a secondary rate limit."}),
         ("GitHub accepts no more comments from this token for now; the run's summary says the same "
         "(HTTP 403: You have exceeded a secondary rate limit.)")),
        (GithubException(502, "<html>"), "HTTP 502: "),
        (ConnectTimeout("no route"), "GitHub's API does not respond: no route"),
    ],
)  # fmt: skip
def test_what_refuses_a_comment_is_told_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch, answer: BaseException, why: str
) -> None:
    given, api = said(monkeypatch, answer)
    assert (given, api.writes) == (why, [])
