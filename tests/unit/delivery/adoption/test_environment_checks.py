"""What `goldenpath doctor` says of the environment that approves a release."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.adoption import environment_checks
from goldenpath.delivery.rules import matrix
from goldenpath.shared.check_result import Level
from tests.unit.settings_double import SettingsDouble, healthy

if TYPE_CHECKING:
    from goldenpath.delivery.adoption.settings import RepositorySettings
from tests.unit.delivery.adoption.test_actions_checks import CALLER, told

FILE = ".github/workflows/delivery.yml"


APPROVING = replace(CALLER, inputs={"environment": "prod", "approval": "True"})


REVIEWER = {"type": "User", "reviewer": {"login": "second"}}


REVIEWED = {"type": "required_reviewers", "reviewers": [REVIEWER], "prevent_self_review": True}


BLIND = SettingsDouble()


def environment(*rules: object) -> dict[str, Any]:
    return {"name": "prod", "protection_rules": list(rules)}


#                                  settings                                      level, words
APPROVALS: dict[str, tuple[RepositorySettings | None, Level, str]] = {
    "somebody else approves": (
        healthy(prod=environment(REVIEWED)), Level.GOOD, "a release to prod waits for the approval of another person",
    ),
    "the same person may approve": (
        healthy(prod=environment({**REVIEWED, "prevent_self_review": False})), Level.WARNING,
        "the person who starts a release to prod may approve it",
    ),
    "no rules": (
        healthy(prod=environment()), Level.ERROR,
        "the GitHub environment prod has no required reviewers: no release to it waits for an approval",
    ),
    "only a timer": (
        healthy(prod=environment({"type": "wait_timer", "wait_timer": 30})), Level.ERROR,
        "the GitHub environment prod has no required reviewers: no release to it waits for an approval",
    ),
    "a list of nobody": (
        healthy(prod=environment({**REVIEWED, "reviewers": []})), Level.ERROR,
        "the GitHub environment prod has no required reviewers: no release to it waits for an approval",
    ),
    "no such environment": (
        healthy(prod=404), Level.ERROR,
        "the GitHub environment prod does not exist: the first release creates it without rules",
    ),
    "not readable": (healthy(prod=403), Level.LEFT_OUT, "the token may not read the GitHub environment prod"),
    "nothing readable": (
        SettingsDouble({"/environments/prod": 404}), Level.LEFT_OUT,
        "the token may not read the GitHub environment prod",
    ),
    "no token": (None, Level.LEFT_OUT, "it is unknown whether a release to prod waits for a person"),
}  # fmt: skip


@pytest.mark.parametrize("case", APPROVALS)
def test_an_approval_is_worth_what_its_environment_demands(case: str) -> None:
    settings, level, what = APPROVALS[case]
    assert told(environment_checks.approval(APPROVING, settings)) == [(level, what)]


@pytest.mark.parametrize("approval", ["False", "false"])
def test_without_an_approval_no_environment_is_asked_for(approval: str) -> None:
    caller = replace(CALLER, inputs={"environment": "prod", "approval": approval})
    assert told(environment_checks.approval(caller, BLIND)) == []


def test_an_approval_that_the_rules_demand_has_to_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    *others, prod = matrix.load().environments
    policy = replace(matrix.load(), environments=(*others, replace(prod, approval_required=True)))
    monkeypatch.setattr(matrix, "load", lambda: policy)
    what = f"prod requires an approval, but {FILE} does not set `approval: true`: ecr-push refuses it"
    assert told(environment_checks.approval(CALLER, healthy())) == [(Level.ERROR, what)]


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("prod", ("prod",)),
        ("mars", ()),
        ("", ()),
        ("${{ github.ref_name == 'development' && 'dev' || 'prod' }}", ("dev", "prod")),
        ("${{ inputs.environment }}", ("dev", "test", "staging", "prod")),
    ],
)
def test_an_expression_names_the_environments_that_it_can_give(written: str, names: tuple[str, ...]) -> None:
    assert environment_checks.names(written) == names
