"""What `goldenpath doctor` reads out of GitHub's answers; what it may not see is `None`, never a guess."""

from __future__ import annotations

from typing import Any

import pytest
from github import GithubException

from goldenpath.delivery.adoption.protection_checks import BranchRules
from goldenpath.delivery.adoption.repository_facts import GitHubRepository

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


def github(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> GitHubRepository:  # noqa: ANN401  JSON
    names = {"repository": "", "own": "/actions/secrets", "shared": "/actions/organization-secrets"}
    page = "?per_page=100"
    known = GitHubRepository("https://api.github.example", "token", "team/web")
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


PULLS = {"type": "pull_request", "parameters": {"required_approving_review_count": 2}}


@pytest.mark.parametrize(
    ("rules", "branch", "found"),
    [
        ([], {"protected": False}, BranchRules(protected=False)),
        ([], {"protected": True}, BranchRules(protected=True)),
        ([{"type": "deletion"}], {"protected": True}, BranchRules(protected=True)),
        ([PULLS, {"type": "creation"}], {}, BranchRules(protected=True, approvals=2, creation=True)),
        ([PULLS, {"type": "pull_request"}], {}, BranchRules(protected=True, approvals=2)),
        (
            [{"type": "pull_request", "parameters": {"require_code_owner_review": True}}], {},
            BranchRules(protected=True, code_owners=True),
        ),
        (None, {"protected": True}, None),
    ],
)  # fmt: skip
def test_rules_of_a_branch_come_from_rulesets_and_from_its_protection(
    monkeypatch: pytest.MonkeyPatch, rules: object, branch: object, found: BranchRules | None
) -> None:
    known = github(monkeypatch)
    answers = {"/rules/branches/release%2F2?per_page=100": rules, "/branches/release%2F2": branch}
    monkeypatch.setattr(known, "_ask", answers.get)
    assert known.branch_rules("release/2") == found


def test_rules_of_tags_come_from_active_rulesets_that_cover_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def ruleset(kind: str, include: list[str], *exclude: str) -> dict[str, Any]:
        return {"rules": [{"type": kind}], "conditions": {"ref_name": {"include": include, "exclude": [*exclude]}}}

    known = github(monkeypatch)
    listed = [{"id": number, "enforcement": "active"} for number in range(1, 6)]
    answers = {
        "/rulesets?targets=tag&includes_parents=true&per_page=100": [*listed, {"id": 9, "enforcement": "evaluate"}],
        "/rulesets/1": ruleset("creation", ["refs/tags/v*"]),
        "/rulesets/2": ruleset("update", ["~ALL"]),
        "/rulesets/3": ruleset("deletion", ["~ALL"], "refs/tags/v1.*"),
        "/rulesets/4": ruleset("required_signatures", ["refs/tags/release-*"]),
        "/rulesets/5": {"rules": None, "conditions": None},
        "/rulesets/9": ruleset("non_fast_forward", ["~ALL"]),
    }
    monkeypatch.setattr(known, "_ask", answers.get)
    assert known.tag_rules("v1.2.3") == frozenset({"creation", "update"})
    monkeypatch.setattr(known, "_ask", lambda _: None)
    assert known.tag_rules("v1.2.3") is None
