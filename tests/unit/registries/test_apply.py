from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from goldenpath.registries import apply
from goldenpath.registries.apply import ApplyContext, ApplyRequest
from goldenpath.registries.merge.checks import Checkouts
from goldenpath.registries.merge.push import MergedPullRequests, Push
from goldenpath.registries.review import PlanRecord
from goldenpath.shared.errors import BadInput, GithubRefused, PlanDrifted

if TYPE_CHECKING:
    from goldenpath.registries.github.repository import GithubRepository
    from goldenpath.registries.merge.push import MergedPullRequest
    from goldenpath.registries.terraform.planning import EnvironmentAccess

RECORD = PlanRecord("dev", "my-app", "sha256:x", (), "octocat")
PUSH = Push("development", "a" * 40, "b" * 40)
CHECKOUTS = Checkouts(Path("/trusted"), Path("/merged"), lambda revision: revision, PUSH)


class Github:
    """The platform's repository; it keeps the comments, or is away."""

    name = "o/p"

    def __init__(self, *, is_away: bool = False) -> None:
        self.comments: list[str] = []
        self.is_away = is_away

    def comment(self, number: int, marker: str, body: str) -> None:
        if self.is_away:
            raise GithubRefused("GitHub is away", fix="wait")
        self.comments.append(f"{number} {marker} {body}")


def context(github: Github, push: Push = PUSH) -> ApplyContext:
    checkouts = Checkouts(CHECKOUTS.trusted, CHECKOUTS.merged, CHECKOUTS.fetch, push)
    access, today = cast("EnvironmentAccess", None), dt.date(2026, 11, 21)
    return ApplyContext(access, cast("GithubRepository", github), lambda _: None, checkouts, today, "https://run")


def drifted(*_: Any) -> Any:  # noqa: ANN401  takes the place of any check
    raise PlanDrifted("the plan is another one", why="it was edited", fix="run it again")


def test_a_job_is_let_into_one_environment() -> None:
    apply.require_environment(RECORD, "dev")
    apply.require_environment(RECORD, "")
    with pytest.raises(BadInput, match="This job was started for prod, and the pull request is about dev"):
        apply.require_environment(RECORD, "prod")


def test_a_new_branch_applies_nothing_and_says_so() -> None:
    made = apply.find_requests(context(Github(), Push("development", "0" * 40, "b" * 40, is_new=True)))
    assert made.requests == ()
    assert made.notes == ("The branch development is new: nothing that was merged before is applied.",)


def test_one_refused_pull_request_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "merged_pulls", lambda *_: MergedPullRequests((1, 2)))
    monkeypatch.setattr(apply, "merged_pull_request", lambda _, number: number)
    monkeypatch.setattr(apply, "check_merged", lambda _, number: RECORD if number == 2 else drifted())
    found = apply.find_requests(context(Github()))
    assert found.requests == (ApplyRequest(2, RECORD),)
    assert [(refusal.number, refusal.error.code) for refusal in found.refusals] == [(1, "plan-drifted")]


@pytest.mark.parametrize("is_away", [True, False])
def test_a_refusal_is_told_in_the_pull_request_and_raised_even_if_github_is_away(
    monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    github = Github(is_away=is_away)
    monkeypatch.setattr(apply, "_checked", drifted)
    with pytest.raises(PlanDrifted):
        apply.check_merged(context(github), cast("MergedPullRequest", PULL))
    assert github.comments == ([] if is_away else [COMMENT])


class PULL:
    """A pull request, of which a refusal needs the number."""

    number = 7


COMMENT = """7 apply ### Not applied: the plan is another one

**Why:** it was edited

**What to do:** run it again

[The run](https://run)"""
