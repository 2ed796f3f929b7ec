"""What `goldenpath doctor` says of roles, ECR repositories and code scanning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.adoption import (
    remote_checks,
)
from goldenpath.delivery.rules import matrix
from goldenpath.shared.check_result import Level
from goldenpath.shared.errors import AccessDenied, RepositoryMissing
from tests.unit.delivery.adoption.healthy_app import (
    ROLE,
    SECRETS,
    Forge,
    described,
    examined,
    healthy_world,
    worst,
)

if TYPE_CHECKING:
    from goldenpath.delivery.adoption.checkout import GitCheckout
    from goldenpath.delivery.registry.ecr_client import RepositoryInfo
    from goldenpath.shared.names import EcrRepository


def missing(name: EcrRepository) -> RepositoryInfo:
    raise RepositoryMissing(f"the ECR repository {name} does not exist", fix="create it")


def denied(name: EcrRepository) -> RepositoryInfo:
    raise AccessDenied(f"not allowed to look at {name}", fix="ask")


def test_an_environment_without_its_role_is_named(healthy: GitCheckout) -> None:
    forge = Forge(secrets=SECRETS - {"TF_AWS_IAM_ROLE_PROD"})
    (remark,) = worst(healthy, healthy_world(forge))
    assert remark.what == "prod has no role: neither TF_AWS_IAM_ROLE_PROD nor AWS_ROLE_ARN exists"


def test_one_role_for_all_works_and_is_warned_about(healthy: GitCheckout) -> None:
    (remark,) = worst(healthy, healthy_world(Forge(secrets=frozenset({"AWS_ROLE_ARN"})), described))
    assert (remark.level, remark.about) == (Level.WARNING, "secrets")
    assert remark.what.startswith("AWS_ROLE_ARN is the role of dev, test, staging, prod: a run under the rules")
    assert remark.fix.endswith("TF_AWS_IAM_ROLE_STAGING, TF_AWS_IAM_ROLE_PROD), then delete AWS_ROLE_ARN")


def test_a_role_for_all_that_serves_one_environment_is_that_ones(healthy: GitCheckout) -> None:
    forge = Forge(secrets=SECRETS - {"TF_AWS_IAM_ROLE_DEV"} | {"AWS_ROLE_ARN"})
    assert worst(healthy, healthy_world(forge)) == []


@pytest.mark.parametrize(
    ("tag", "level", "what"),
    [
        ("prod", Level.GOOD, "web belongs to prod: only releases to prod may use it"),
        ("", Level.WARNING, "web belongs to no environment: a release to any environment may use it"),
        (None, Level.LEFT_OUT, "the login may not read the tags of web"),
    ],
)
def test_a_registry_tells_to_which_environment_it_belongs(
    healthy: GitCheckout, tag: str | None, level: Level, what: str
) -> None:
    found = examined(healthy, healthy_world(Forge(), described, lambda _: tag))
    assert [(each.level, each.what) for each in found if each.about == "binding"] == [(level, what)]


def test_a_registry_belongs_to_the_environment_that_lists_its_account(
    healthy: GitCheckout, monkeypatch: pytest.MonkeyPatch
) -> None:
    *others, prod = matrix.load().environments
    policy = replace(matrix.load(), environments=(*others, replace(prod, accounts=("123456789012",))))
    monkeypatch.setattr(matrix, "load", lambda: policy)
    found = examined(healthy, healthy_world(Forge(), described, lambda _: ""))
    assert [each.what for each in found if each.about == "binding"] == [
        "web belongs to prod, as every ECR repository in the account 123456789012"
    ]


@pytest.mark.parametrize(("required", "level"), [(False, Level.WARNING), (True, Level.ERROR)])
def test_code_security_that_is_off_is_an_error_where_an_environment_requires_it(
    healthy: GitCheckout, monkeypatch: pytest.MonkeyPatch, level: Level, *, required: bool
) -> None:
    *others, prod = matrix.load().environments
    policy = replace(matrix.load(), environments=(*others, replace(prod, code_scanning_required=required)))
    monkeypatch.setattr(matrix, "load", lambda: policy)
    (remark,) = worst(healthy, healthy_world(Forge(code_security=False), described))
    assert (remark.level, remark.about) == (level, "code security")


def test_a_registry_that_is_missing_is_an_error_and_one_we_may_not_see_is_left_out(healthy: GitCheckout) -> None:
    assert [each.level for each in worst(healthy, healthy_world(Forge(), missing))] == [Level.ERROR]
    assert [each.level for each in worst(healthy, healthy_world(Forge(), denied))] == [Level.LEFT_OUT]


@pytest.mark.parametrize(("arn", "level"), [(ROLE, Level.GOOD), ("", Level.LEFT_OUT), ("deliver", Level.ERROR)])
def test_a_role_is_known_by_its_form(arn: str, level: Level) -> None:
    assert remote_checks.role(arn, "team/web").level is level
