"""What `goldenpath doctor` reads out of GitHub's answers; what it may not see is `None`, never a guess."""

from __future__ import annotations

from typing import Any

import pytest
from github import GithubException

from goldenpath.adopt.forge import GitHub

PRIVATE = {"private": True, "default_branch": "main"}


class Requester:
    """Answers from a table; an address that is not in it may not be seen."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def requestJsonAndCheck(self, verb: str, address: str) -> tuple[dict[str, str], Any]:  # noqa: N802  PyGithub's
        assert verb == "GET"
        if address not in self.answers:
            raise GithubException(403, {"message": "Resource not accessible"}, {})
        return {}, self.answers[address]


def github(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> GitHub:  # noqa: ANN401  JSON
    names = {"repository": "", "own": "/actions/secrets", "shared": "/actions/organization-secrets"}
    page = "?per_page=100"
    known = GitHub("https://api.github.example", "token", "team/web")
    table = {f"/repos/team/web{names[key]}{page if names[key] else ''}": each for key, each in answers.items()}
    monkeypatch.setattr(known, "_requester", Requester(table))
    return known


def test_what_the_token_may_not_see_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    known = github(monkeypatch)
    assert (known.default_branch, known.code_security, known.secrets) == (None, None, None)


@pytest.mark.parametrize(
    ("repository", "on"),
    [
        ({"private": False, "default_branch": "main"}, True),
        (PRIVATE, None),
        ({**PRIVATE, "security_and_analysis": {"advanced_security": {"status": "enabled"}}}, True),
        ({**PRIVATE, "security_and_analysis": {"code_security": {"status": "enabled"}}}, True),
        ({**PRIVATE, "security_and_analysis": {"code_security": {"status": "disabled"}}}, False),
    ],
)
def test_code_security_is_on_in_public_repositories_and_where_it_was_switched_on(
    monkeypatch: pytest.MonkeyPatch, repository: dict[str, Any], *, on: bool | None
) -> None:
    known = github(monkeypatch, repository=repository)
    assert (known.code_security, known.default_branch) == (on, "main")


def test_secrets_are_the_repository_s_and_the_organisation_s(monkeypatch: pytest.MonkeyPatch) -> None:
    known = github(monkeypatch, own={"secrets": [{"name": "ONE"}]}, shared={"secrets": [{"name": "TWO"}]})
    assert known.secrets == frozenset({"ONE", "TWO"})


def test_an_organisation_that_may_not_be_asked_hides_nothing_of_the_repository_s_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert github(monkeypatch, own={"secrets": [{"name": "ONE"}]}).secrets == frozenset({"ONE"})
