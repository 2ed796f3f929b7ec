"""A plan that would take away a repository policy which nobody described."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.registries.aws.ecr import EcrDescription, PlatformEcr
from goldenpath.registries.terraform import described, plans
from goldenpath.registries.terraform.plans import PlannedChange, TerraformPlan
from goldenpath.shared.errors import PolicyNotDescribed

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = 'module.ecr_repositories["my-app"].aws_ecr_repository_policy.this[0]'
OTHER = "210987654321"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


DENY = {"Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage"}
PULL = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "ecr:BatchGetImage"}
PUSH = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "ecr:PutImage"}


def change(*actions: str, before: str = "", after: str = "") -> PlannedChange:
    old, new = ({"policy": text} if text else None for text in (before, after))
    return PlannedChange(ADDRESS, plans.REPOSITORY_POLICY, actions, old, new)


def planned(*changes: PlannedChange, policy: str = "", drift: tuple[PlannedChange, ...] = ()) -> TerraformPlan:
    return TerraformPlan("1.15.0", changes, drift, repository_policies={"my-app": policy} if policy else {})


@pytest.fixture
def at_ecr(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Return a function that sets the policy at ECR, and gives the list of the repositories that are described."""

    def set_policy(text: str) -> list[str]:
        asked: list[str] = []

        def describe(_: PlatformEcr, name: str) -> EcrDescription:
            asked.append(name)
            uri = f"123456789012.dkr.ecr.eu-west-2.amazonaws.com/{name}"
            return EcrDescription(uri, "MUTABLE", "AES256", True, {}, dt.datetime.now(dt.UTC), policy=text)  # noqa: FBT003

        monkeypatch.setattr(PlatformEcr, "__init__", lambda *_: None)
        monkeypatch.setattr(PlatformEcr, "describe", describe)
        return asked

    return set_policy


def require(plan: TerraformPlan) -> None:
    described.require_policy_described(plan, "dev", "my-app", {})


def test_a_creation_that_would_overwrite_a_policy_is_refused_with_the_field_to_write(
    at_ecr: Callable[[str], list[str]],
) -> None:
    at_ecr(policy(PULL))
    with pytest.raises(PolicyNotDescribed, match="ECR has a repository policy for my-app in dev") as refused:
        require(planned(change("create", after=policy(DENY)), policy=policy(DENY)))
    assert (
        refused.value.why
        == f'Nobody described this, and it could be lost: Allow ecr:BatchGetImage to {{"AWS":"{OTHER}"}}'
    )
    assert refused.value.fix == (
        f'Add `pull_accounts = ["{OTHER}"]` to the entry of my-app in envs/dev/ecr.tf. '
        "Remove at ECR what nobody needs, then run again"
    )


def test_a_statement_that_no_field_can_say_is_refused_with_the_way_out(at_ecr: Callable[[str], list[str]]) -> None:
    at_ecr(policy(PUSH))
    with pytest.raises(PolicyNotDescribed) as refused:
        require(planned(change("create", after=policy(DENY)), policy=policy(DENY)))
    assert refused.value.fix.startswith("For a statement that no field can say, use `repository_policy_json`")


def test_what_terraform_wrote_itself_may_be_taken_away(at_ecr: Callable[[str], list[str]]) -> None:
    at_ecr(policy(DENY, PULL))
    require(planned(change("delete", before=policy(DENY, PULL))))
    require(planned(change("update", before=policy(DENY, PULL), after=policy(PULL)), policy=policy(PULL)))


def test_what_somebody_added_to_a_described_policy_is_refused(at_ecr: Callable[[str], list[str]]) -> None:
    at_ecr(policy(DENY, PULL))
    added = change("update", before=policy(DENY), after=policy(DENY, PULL))
    with pytest.raises(PolicyNotDescribed):
        require(planned(change("delete", before=policy(DENY, PULL)), drift=(added,)))


def test_the_policy_of_another_registry_describes_nothing_here(at_ecr: Callable[[str], list[str]]) -> None:
    at_ecr(policy(DENY, PULL))
    added = change("update", before=policy(DENY, PULL), after=policy(DENY))
    elsewhere = replace(added, address=ADDRESS.replace("my-app", "my-app-2"))
    with pytest.raises(PolicyNotDescribed):
        require(planned(change("create", after=policy(DENY)), policy=policy(DENY), drift=(elsewhere,)))


def test_a_policy_that_is_described_too_is_only_shown(at_ecr: Callable[[str], list[str]]) -> None:
    at_ecr(policy(PULL))
    ours = policy(DENY, {**PULL, "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]})
    plan = planned(change("create", after=ours), policy=ours)
    require(plan)
    assert described.replaced_statements(plan, "my-app", {}) == (f'Allow ecr:BatchGetImage to {{"AWS":"{OTHER}"}}',)


def test_a_policy_that_cannot_be_read_is_refused(at_ecr: Callable[[str], list[str]]) -> None:
    at_ecr("x")
    with pytest.raises(PolicyNotDescribed, match="the repository policy cannot be read"):
        require(planned(change("create", after=policy(DENY)), policy=policy(DENY)))


def test_a_change_beside_the_policy_is_refused_too(at_ecr: Callable[[str], list[str]]) -> None:
    at_ecr(policy(PULL))
    other = planned(replace(change("update"), kind=plans.REPOSITORY))
    with pytest.raises(PolicyNotDescribed):
        require(other)
    assert described.replaced_statements(other, "my-app", {}) == ()


def test_ecr_is_asked_only_where_the_plan_changes_a_repository_that_is_there(
    at_ecr: Callable[[str], list[str]],
) -> None:
    asked = at_ecr(policy(PULL))
    require(planned(replace(change("create"), kind=plans.REPOSITORY)))
    require(planned())
    assert asked == []
