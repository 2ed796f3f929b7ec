"""Which role may open which registry, and what a run is told that has no role."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goldenpath.delivery.release import access
from goldenpath.delivery.rules import matrix
from goldenpath.shared.errors import GoldenPathError, WrongAccount, WrongEnvironment
from goldenpath.shared.names import AccountId, EcrRepository, Region, RoleArn
from goldenpath.shared.runner import Runner


@pytest.mark.parametrize(
    ("environment", "login", "words"),
    [
        ("prod", "someone", "Set the secret TF_AWS_IAM_ROLE_PROD or AWS_ROLE_ARN in the repository"),
        ("", "someone", "Set the secret AWS_ROLE_ARN in the repository"),
        ("dev", "dependabot[bot]", "Dependabot started this run, and GitHub gives it no secrets of Actions"),
    ],
)
def test_a_run_without_a_role_is_told_how_it_gets_one(environment: str, login: str, words: str) -> None:
    here = Runner(in_actions=True, event={"sender": {"login": login}})
    assert access._way_in(environment, here).startswith(words)  # noqa: SLF001  what the SDK's error ends in


ROLE = RoleArn("arn:aws:iam::111111111111:role/deliver")


def wanted(account: str, *, allowed: str = "", **listed: str) -> access.Access:
    """Return an access of prod to the registry of `account`, where each environment in `listed` has that account."""
    shipped = matrix.load()
    environments = tuple(
        replace(each, accounts=(listed[each.name],) if each.name in listed else ()) for each in shipped.environments
    )
    return access.Access(
        Region("eu-west-2"), EcrRepository("my-app"), "prod", replace(shipped, environments=environments), ROLE,
        (AccountId(allowed),) if allowed else (), registry_account=AccountId(account) if account else None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        wanted(""),
        wanted("222222222222"),
        wanted("222222222222", allowed="222222222222"),
        wanted("222222222222", prod="222222222222"),
        wanted("", prod="111111111111"),
    ],
)
def test_a_role_releases_to_the_registry_of_its_own_account_or_of_the_one_that_is_named(given: access.Access) -> None:
    access._require_role(given, ROLE)  # noqa: SLF001  what `open_repository` asks first


@pytest.mark.parametrize(
    ("given", "kind", "what"),
    [
        (wanted("", allowed="222222222222"), WrongAccount, f"The role {ROLE} is in the AWS account 111111111111"),
        (wanted("222222222222", allowed="111111111111"), WrongAccount, "The registry is in the AWS account 222"),
        (wanted("222222222222", dev="222222222222"), WrongEnvironment, "The AWS account 222222222222 belongs to dev"),
        (wanted("222222222222", dev="111111111111"), WrongEnvironment, "The AWS account 111111111111 belongs to dev"),
        (wanted("", prod="222222222222"), WrongEnvironment, "The AWS account 111111111111 does not belong to prod"),
    ],
)
def test_a_role_or_a_registry_of_another_environment_is_refused_before_it_is_assumed(
    given: access.Access, kind: type[GoldenPathError], what: str
) -> None:
    with pytest.raises(kind, match=what):
        access._require_role(given, ROLE)  # noqa: SLF001  what `open_repository` asks first
