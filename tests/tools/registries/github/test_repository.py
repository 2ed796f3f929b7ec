"""Pull requests, comments and issues over the wire, as PyGithub sends them to our double of GitHub."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.doubles.github.api import GitHubDouble
from tests.tools.registry_platform import git
from werkzeug.wrappers import Request, Response

from goldenpath.local.github.code_scanning import SarifStore
from goldenpath.local.github.oidc import TokenIssuer
from goldenpath.local.serving import ServerThread, origin, wsgi_server
from goldenpath.registries import platform_git
from goldenpath.registries.github import records
from goldenpath.registries.github.records import Account
from goldenpath.registries.github.repository import LONGEST_TEXT, GithubRepository, Proposal, shortened
from goldenpath.shared.errors import GithubRefused, SourceUnusable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = pytest.mark.tools
NAME, TIP = "octo/platform", "a" * 40
WANTED = Proposal("registry/dev/my-app", "development", "my-app in dev", "The plan", "ecr-registry")


class Github:
    def __init__(self) -> None:
        self.double = GitHubDouble(TokenIssuer(), SarifStore())
        self.server = wsgi_server(self.double)
        self.repository = self.called(NAME)

    def called(self, name: str, token: str = "") -> GithubRepository:
        return GithubRepository(origin(self.server), token or self.double.token, name)


@pytest.fixture
def github() -> Iterator[Github]:
    found = Github()
    serving = ServerThread(found.server)
    yield found
    serving.stop()


def test_a_second_proposal_changes_the_pull_request_of_the_first(github: Github) -> None:
    first = github.repository.propose(WANTED)
    again = github.repository.propose(Proposal(WANTED.head, WANTED.base, "Title", "Another plan", WANTED.label))
    assert (first.number, first.is_new, again.number, again.is_new) == (1, True, 1, False)
    (kept,) = github.double.threads.of(NAME)
    assert (kept.title, kept.body, kept.labels) == ("Title", "Another plan", ["ecr-registry"])


def test_after_a_merge_a_proposal_is_a_new_pull_request(github: Github) -> None:
    github.double.threads.merge(NAME, github.repository.propose(WANTED).number, "a" * 40)
    assert github.repository.propose(WANTED).number == 2


def test_a_comment_is_said_once_and_rewritten(github: Github) -> None:
    number = github.repository.propose(WANTED).number
    for text in ("applying", "applied", "applied"):
        github.repository.comment(number, "apply", text)
    github.repository.comment(number, "hand-over", "it is yours")
    (kept,) = github.double.threads.of(NAME)
    assert list(kept.comments.values()) == [
        "applied\n<!-- goldenpath: apply -->",
        "it is yours\n<!-- goldenpath: hand-over -->",
    ]


@pytest.mark.parametrize("stranger", ["passer-by", "another[bot]", "github-actions"])
def test_a_comment_of_a_stranger_is_not_rewritten(github: Github, stranger: str) -> None:
    number = github.repository.propose(WANTED).number
    planted = "planted\n<!-- goldenpath: apply -->"
    github.double.threads.comment(NAME, number, stranger, planted)
    github.repository.comment(number, "apply", "applied")
    (kept,) = github.double.threads.of(NAME)
    assert [*kept.comments.values()] == [planted, "applied\n<!-- goldenpath: apply -->"]


def test_an_issue_is_opened_once_and_a_foreign_one_is_left_alone(github: Github) -> None:
    other = github.repository.issue("another", "Other", "x", "hygiene")
    first = github.repository.issue("hygiene", "Registries", "3 stale", "hygiene")
    again = github.repository.issue("hygiene", "Registries", "2 stale", "hygiene")
    assert (other.number, first.number, again.number, again.is_new) == (1, 2, 2, False)
    assert [each.body.partition("\n")[0] for each in github.double.threads.of(NAME)] == ["x", "2 stale"]


def approvers(github: Github, number: int) -> list[str]:
    return [each.login for each in github.repository.approvals(number, TIP)]


def test_the_last_word_of_a_reviewer_counts(github: Github) -> None:
    number = github.repository.propose(WANTED).number
    github.double.threads.push(NAME, number, TIP)
    for login, state in [("a", "APPROVED"), ("b", "APPROVED"), ("b", "CHANGES_REQUESTED"), ("a", "COMMENTED")]:
        github.double.threads.review(NAME, number, login, state)
    assert approvers(github, number) == ["a"]


def test_an_approval_counts_of_people_of_the_repository_and_of_the_last_commit_alone(github: Github) -> None:
    number = github.repository.propose(WANTED).number
    github.double.threads.review(NAME, number, "early")
    github.double.threads.push(NAME, number, TIP)
    permissions = {"owner": "admin", "member": "write", "reader": "read", "outsider": "none", "machine[bot]": "write"}
    for login, permission in permissions.items():
        github.double.threads.review(NAME, number, login, permission=permission)
    assert approvers(github, number) == ["member", "owner"]


CREATE = ".github/workflows/create-ecr-registry.yml"


def test_a_run_is_read_with_everybody_who_started_it_and_what_it_left(github: Github) -> None:
    github.double.runs.start(NAME, 47, CREATE, "alice", "development")
    github.double.runs.again(NAME, 47, "machine[bot]")
    github.double.runs.keep(NAME, 47, "proposal-1-a-b")
    first, second = records.attempts(github.repository, 47)
    assert (first.workflow, first.repository, first.branch, first.event) == (
        CREATE, NAME, "development", "workflow_dispatch",
    )  # fmt: skip
    assert first.accounts == (Account("alice", is_person=True),) * 2
    assert second.accounts == (Account("alice", is_person=True), Account("machine[bot]", is_person=False))
    assert records.artifact_names(github.repository, 47) == {"proposal-1-a-b"}


def test_a_run_that_is_not_there_has_no_attempts_and_no_artifacts(github: Github) -> None:
    assert records.attempts(github.repository, 47) == ()
    assert records.artifact_names(github.repository, 47) == frozenset()


def test_every_edit_of_a_text_is_told_by_whom_and_when(github: Github) -> None:
    number = github.repository.propose(WANTED).number
    threads = github.double.threads
    threads.edit(NAME, number, "mallory", body="Another plan")
    threads.edit(NAME, number, "machine[bot]", title="Another title")
    threads.reopen(NAME, number, "mallory")
    found = records.text_history(github.repository, number)
    assert [each.by for each in found.edits] == [
        Account("mallory", is_person=True), Account("machine", is_person=False),
    ]  # fmt: skip
    assert found.edits[0].at < found.edits[1].at < found.reopened[0].at


def test_a_text_that_was_edited_too_often_to_look_at_is_refused(github: Github) -> None:
    number = github.repository.propose(WANTED).number
    for count in range(101):
        github.double.threads.edit(NAME, number, "mallory", body=f"Version {count}")
    with pytest.raises(GithubRefused, match="It was changed more than 100 times"):
        records.text_history(github.repository, number)


def test_a_repository_that_is_not_there_is_no_error(github: Github) -> None:
    github.double.threads.absent.add("octo/none")
    assert github.called("octo/some").exists()
    assert not github.called("octo/none").exists()


def test_a_refused_token_is_told_as_that(github: Github) -> None:
    with pytest.raises(GithubRefused) as refused:
        github.called(NAME, "wrong").propose(WANTED)
    assert refused.value.why == "HTTP 401: Bad credentials"
    assert refused.value.fix == "The token has expired or is not one: run the job again"


def test_a_long_text_is_cut_at_a_line_and_says_so() -> None:
    text = "\n".join(["0123456789"] * (LONGEST_TEXT // 10))
    cut = shortened(text, 1000)
    assert len(cut) <= 1000
    assert cut.endswith("0123456789\n… (the rest is in the log of the run)")
    assert shortened("short", 1000) == "short"


@pytest.fixture
def host() -> Iterator[tuple[str, list[str]]]:
    """A host of repositories that lets nobody in, and the authorizations that it was shown."""
    shown: list[str] = []

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        shown.append(Request(environ).headers.get("Authorization", ""))
        return Response("no", 403)(environ, start_response)

    server = wsgi_server(answer)
    serving = ServerThread(server)
    yield origin(server), shown
    serving.stop()


@pytest.mark.parametrize(
    ("of", "expected"), [(str, "basic eC1hY2Nlc3MtdG9rZW46dGhlLXRva2Vu"), (lambda _: "http://a", "")]
)
def test_a_token_is_shown_to_its_own_host_alone_and_once(
    tmp_path: Path, host: tuple[str, list[str]], of: Callable[[str], str], expected: str
) -> None:
    url, shown = host
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", f"{url}/octo/platform")
    if expected:
        git(tmp_path, "config", f"http.{url}/.extraheader", "AUTHORIZATION: basic kept")
    with pytest.raises(SourceUnusable, match="refs/heads/x could not be fetched"):
        platform_git.fetch(tmp_path, "refs/heads/x", of(url), "the-token")
    assert set(shown) == {expected}
