# PyGithub's requester is called with anything.
# ruff: noqa: ANN401

from __future__ import annotations

from typing import Any

import pytest
from github import GithubException
from github.Requester import Requester
from requests.exceptions import ConnectTimeout

from goldenpath.services.pull_request import Conversation, Said

MARKER = "<!-- goldenpath: my-app -->"
COMMENTS = "/repos/o/app/issues/7/comments"


def comment(number: int, body: str, kind: str = "Bot") -> dict[str, Any]:
    return {"id": number, "body": body, "user": {"login": "someone", "type": kind}}


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


def said(monkeypatch: pytest.MonkeyPatch, *pages: object) -> tuple[Said, Api]:
    api = Api(*pages)
    monkeypatch.setattr(Requester, "requestJsonAndCheck", api)
    return Conversation("https://api.github.com", "t", "o/app", 7).say(MARKER, f"{MARKER}\nall is well"), api


def test_the_first_comment_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    done, api = said(monkeypatch, [comment(1, "hello", "User")])
    assert done == Said(done=True)
    assert api.writes == [("POST", COMMENTS, {"body": f"{MARKER}\nall is well"})]


def test_an_earlier_comment_of_ours_is_kept_up_to_date_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    done, api = said(monkeypatch, [comment(each, "noise") for each in range(100)], [comment(200, f"{MARKER}\nold")])
    assert done.done
    assert api.asked == [f"{COMMENTS}?per_page=100&page=1", f"{COMMENTS}?per_page=100&page=2"]
    assert [write[:2] for write in api.writes] == [("PATCH", "/repos/o/app/issues/comments/200")]


def test_a_person_who_writes_the_marker_keeps_their_comment(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = [comment(1, f"{MARKER} mine", "User"), comment(2, f"about {MARKER}"), {"id": 3, "body": MARKER}]
    _, api = said(monkeypatch, theirs)
    assert [write[0] for write in api.writes] == ["POST"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (GithubException(403, {"message": "Resource not accessible by integration"}),
         "HTTP 403: Resource not accessible by integration"),
        (GithubException(502, "<html>"), "HTTP 502: "),
        (ConnectTimeout("no route"), "GitHub's API does not answer: no route"),
    ],
)  # fmt: skip
def test_what_refuses_a_comment_is_told_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch, answer: BaseException, why: str
) -> None:
    done, api = said(monkeypatch, answer)
    assert (done, api.writes) == (Said(done=False, why=why), [])
