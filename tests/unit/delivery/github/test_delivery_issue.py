"""One issue about an image and an environment, whoever else writes issues, and however many runs report at once."""

# PyGithub's requester is called with anything.
# ruff: noqa: ANN401

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from github import GithubException
from github.Requester import Requester
from requests.exceptions import ConnectTimeout
from werkzeug.test import Client

from goldenpath.delivery.github.delivery_issue import LABEL, DeliveryIssue
from goldenpath.local.github.code_scanning import SarifStore
from goldenpath.local.github.oidc import TokenIssuer
from goldenpath.shared.github_api import marker_line
from tests.doubles.github.api import GitHubDouble

if TYPE_CHECKING:
    from tests.doubles.github.threads import Thread

NAME, REPOSITORY = "delivery of my-app to prod", "octo/app"


class Forge:
    """The double of GitHub behind PyGithub's requester; `before` happens once, before the next issue is created."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.double = GitHubDouble(TokenIssuer(), SarifStore())
        self.writes: list[str] = []
        self.before: Any = None
        self._client = Client(self.double)
        monkeypatch.setattr(Requester, "requestJsonAndCheck", self._call)

    def issue(self, run: int = 1, name: str = NAME) -> DeliveryIssue:
        return DeliveryIssue("https://api.github.com", self.double.token, REPOSITORY, name, run)

    @property
    def threads(self) -> list[Thread]:
        return self.double.threads.of(REPOSITORY)

    def _call(self, verb: str, url: str, input: Any = None) -> Any:  # noqa: A002  PyGithub's name
        if verb == "POST" and url.endswith("/issues") and self.before:
            before, self.before = self.before, None
            before()
        if verb != "GET":
            self.writes.append(verb)
        headers = {"Authorization": f"Bearer {self.double.token}"}
        answer = self._client.open(url.removeprefix("https://api.github.com"), method=verb, json=input, headers=headers)
        if answer.status_code >= 400:
            raise GithubException(answer.status_code, answer.get_json(), {})
        return {}, json.loads(answer.text)


@pytest.fixture
def forge(monkeypatch: pytest.MonkeyPatch) -> Forge:
    return Forge(monkeypatch)


def test_the_first_run_opens_an_issue_and_the_next_ones_rewrite_it(forge: Forge) -> None:
    first = forge.issue(1).open("blocked", "one")
    again = forge.issue(2).open("fails", "two")
    same = forge.issue(2).open("fails", "two")
    assert [(change.did, change.number, change.why) for change in (first, again, same)] == [
        ("opened", 1, ""), ("up to date", 1, ""), ("up to date", 1, ""),
    ]  # fmt: skip
    (thread,) = forge.threads
    assert (thread.title, thread.labels, thread.comments) == ("fails", [LABEL], {})
    assert thread.body == f"{marker_line(NAME)}\n<!-- goldenpath-run: 2 -->\n\ntwo"
    assert forge.writes == ["POST", "PATCH"]


def test_a_release_closes_it_with_a_comment_once_and_the_next_block_opens_it_again(forge: Forge) -> None:
    forge.issue(1).open("blocked", "one")
    closed = [forge.issue(2).close("released"), forge.issue(3).close("released")]
    (thread,) = forge.threads
    assert ([change.did for change in closed], thread.state, thread.state_reason, [*thread.comments.values()]) == (
        ["closed", "not open"], "closed", "completed", ["released"],
    )  # fmt: skip
    forge.issue(4).open("blocked", "again")
    (thread,) = forge.threads
    assert (thread.state, thread.body.endswith("again")) == ("open", True)


def test_an_earlier_run_that_ends_later_changes_nothing(forge: Forge) -> None:
    forge.issue(5).open("blocked", "five")
    assert forge.issue(4).open("fails", "four").did == "left as a later run wrote it"
    assert forge.issue(4).close("released").did == "not open"
    assert (forge.threads[0].title, forge.threads[0].state) == ("blocked", "open")
    forge.issue(7).close("released")
    assert forge.issue(6).open("blocked", "six").did == "left as a later run wrote it"
    assert forge.threads[0].state == "closed"


def test_two_runs_at_once_keep_one_issue(forge: Forge) -> None:
    forge.before = lambda: forge.issue(2).open("blocked", "two")
    change = forge.issue(1).open("blocked", "one")
    kept, duplicate = forge.threads
    assert (kept.state, duplicate.state, duplicate.state_reason) == ("open", "closed", "not_planned")
    assert (change.number, change.did) == (1, "left as a later run wrote it")
    forge.before = None
    forge.issue(3).open("blocked", "three")
    assert [thread.state for thread in forge.threads] == ["open", "closed"]
    assert forge.threads[0].body.endswith("three")


def test_issues_of_others_and_of_other_images_are_left_alone(forge: Forge) -> None:
    forge.issue(1, "delivery of other to prod").open("other", "text")
    forge.issue(1).open("ours", "text")
    forge.threads[1].author = "mallory"  # who copied our marker
    forge.issue(2).open("ours", "text")
    forge.issue(3).close("released")
    assert [(thread.state, thread.title) for thread in forge.threads] == [
        ("open", "other"), ("open", "ours"), ("closed", "ours"),
    ]  # fmt: skip


def test_after_an_issue_was_deleted_there_is_a_new_one(forge: Forge) -> None:
    forge.issue(1).open("blocked", "one")
    forge.double.threads.delete(REPOSITORY, 1)
    assert forge.issue(2).open("blocked", "two").number == 2


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (GithubException(403, {"message": "Resource not accessible by integration"}, {}),
         ("the token may not write issues; give the job `permissions: issues: write` (HTTP 403: Resource not "
         "accessible by integration)")),
        (GithubException(410, {"message": "Issues are disabled for this repo"}, {}),
         ("issues are switched off in this repository (Settings → Features) (HTTP 410: Issues are disabled for this "
         "repo)")),
        (GithubException(500, None, {}), "HTTP 500: "),
        (ConnectTimeout("no"), "GitHub's API does not respond: no"),
    ],
)  # fmt: skip
def test_why_there_is_no_issue_is_said_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, error: Exception, why: str
) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise error

    monkeypatch.setattr(Requester, "requestJsonAndCheck", refuse)
    issue = DeliveryIssue("https://api.github.com", "t", REPOSITORY, NAME, 1)
    assert [(change.did, change.why) for change in (issue.open("a", "b"), issue.close("c"))] == [
        ("not written", why), ("not closed", why),
    ]  # fmt: skip
