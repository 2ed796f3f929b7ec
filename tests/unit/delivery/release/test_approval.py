"""Where the platform's rules demand an approval, a release that nobody had to approve is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as with_fields

from goldenpath.delivery.model.event import TERMINAL
from goldenpath.delivery.release import approval
from goldenpath.shared import oidc
from goldenpath.shared.errors import LoginRefused, ReleaseUnapproved
from goldenpath.shared.runner import Runner
from tests.unit.http_double import PoolDouble, Response, pool
from tests.unit.run_builder import run

if TYPE_CHECKING:
    from goldenpath.delivery.stage import Run

API = "https://api.example"
REVIEWER = {"type": "User", "reviewer": {"login": "second"}}
REVIEWED = {"type": "required_reviewers", "reviewers": [REVIEWER]}


def token(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.c2ln"


def environment(*rules: object) -> Response:
    return Response(200, {}, json.dumps({"name": "prod", "protection_rules": list(rules)}).encode())


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[Run, PoolDouble]]:
    """Return a run for prod, whose rules demand an approval, in a job with these claims, and what GitHub answers."""

    def made(*answers: Response | BaseException, **claims: object) -> tuple[Run, PoolDouble]:
        monkeypatch.setattr(oidc, "token", lambda _: token(**claims))
        here = run(tmp_path, "prod", runner=Runner(in_actions=True, api_url=API), github_token="t")
        demanding = replace(here.environment, approval_required=True)
        return replace(here, environment=demanding), pool(monkeypatch, *answers)

    return made


def test_a_job_that_a_reviewer_had_to_approve_may_release(job: Callable[..., tuple[Run, PoolDouble]]) -> None:
    here, double = job(environment({"type": "wait_timer"}, REVIEWED), environment="prod", exp=7)
    approval.require(here)
    assert [each.url for each in double.requests] == [f"{API}/repos/o/app/environments/prod"]
    assert double.requests[0].headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize("claims", [{}, {"environment": ""}, {"environment": "dev"}, {"environment": 7}])
def test_a_job_that_is_not_bound_to_the_environment_is_refused_and_nobody_is_asked(
    job: Callable[..., tuple[Run, PoolDouble]], claims: dict[str, object]
) -> None:
    here, double = job(environment(REVIEWED), **claims)
    with pytest.raises(ReleaseUnapproved, match="not bound to the GitHub environment prod") as caught:
        approval.require(here)
    assert (caught.value.why, double.requests) == ("The platform's rules say `approval: required` of prod", [])


@pytest.mark.parametrize("rules", [(), ({"type": "branch_policy"},), ({**REVIEWED, "reviewers": []},)])
def test_an_environment_that_asks_nobody_is_refused(
    job: Callable[..., tuple[Run, PoolDouble]], rules: tuple[object, ...]
) -> None:
    here, _ = job(environment(*rules), environment="prod")
    with pytest.raises(ReleaseUnapproved, match="has no required reviewers"):
        approval.require(here)


def test_what_is_no_token_is_refused(
    monkeypatch: pytest.MonkeyPatch, job: Callable[..., tuple[Run, PoolDouble]]
) -> None:
    here, _ = job()
    for text in ("", "e30", "e30.%%%", "e30.e3", "e30.W10.x"):
        monkeypatch.setattr(oidc, "token", lambda _, text=text: text)
        with pytest.raises(LoginRefused):
            approval.require(here)


def test_nobody_is_asked_where_the_rules_do_not_demand_it_or_at_a_terminal(
    job: Callable[..., tuple[Run, PoolDouble]], tmp_path: Path
) -> None:
    here, double = job()
    approval.require(run(tmp_path, "prod", runner=here.runner))
    approval.require(replace(here, event=with_fields(here.event, name=TERMINAL)))
    assert double.requests == []
