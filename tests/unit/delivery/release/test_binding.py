"""Whose rules may open what: every pair of environments, by each thing that can bind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.release import binding
from goldenpath.delivery.release.binding import Target
from goldenpath.registries import compliance
from goldenpath.shared.errors import WrongEnvironment
from tests.unit import policy_table

if TYPE_CHECKING:
    from goldenpath.delivery.rules import matrix

POLICY = policy_table.POLICY
NAMES = tuple(each.name for each in POLICY.environments)
ACCOUNT = "999999999999"
PAIRS = [(rules, other) for rules in NAMES for other in NAMES if rules != other]


def account_of(name: str) -> str:
    return str(NAMES.index(name) + 1) * 12


def role_of(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/delivery/deliver-{name}"


def listing(*names: str, accounts: bool = False, roles: bool = False) -> matrix.Policy:
    """Return the shipped policy in which `names`, and nobody else, list accounts or roles of their own."""
    environments = tuple(
        replace(
            each,
            accounts=(account_of(each.name),) if accounts and each.name in names else (),
            roles=(role_of(each.name),) if roles and each.name in names else (),
        )
        for each in POLICY.environments
    )
    return replace(POLICY, environments=environments)


def by_tag(other: str) -> tuple[matrix.Policy, Target]:
    return POLICY, Target(ACCOUNT, repository="my-app", tag=other)


def by_account(other: str) -> tuple[matrix.Policy, Target]:
    return listing(other, accounts=True), Target(account_of(other), repository="my-app")


def by_role(other: str) -> tuple[matrix.Policy, Target]:
    return listing(other, roles=True), Target(ACCOUNT, role_of(other), "my-app")


def by_the_role_of_a_login(other: str) -> tuple[matrix.Policy, Target]:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deliver-{other.title()}/somebody"
    return listing(other, roles=True), Target(ACCOUNT, session, "my-app", login=True)


BINDINGS = pytest.mark.parametrize("bound", [by_tag, by_account, by_role, by_the_role_of_a_login])


@BINDINGS
@pytest.mark.parametrize(("rules", "other"), PAIRS)
def test_what_is_bound_is_never_opened_by_other_rules(bound: object, rules: str, other: str) -> None:
    policy, target = bound(other)  # type: ignore[operator]
    with pytest.raises(WrongEnvironment) as caught:
        binding.require_own(policy, rules, target)
    assert f" belongs to {other}, and this run follows the rules of {rules}" in caught.value.what
    assert f"Deliver to {other}, or give the role and the ECR repository of {rules}" in caught.value.fix


@BINDINGS
@pytest.mark.parametrize("name", NAMES)
def test_what_is_bound_is_opened_by_its_own_rules_without_a_warning(bound: object, name: str) -> None:
    policy, target = bound(name)  # type: ignore[operator]
    binding.require_own(policy, name, target)
    assert binding.unbound(policy, name, target) == ""


@pytest.mark.parametrize(("rules", "other"), PAIRS)
def test_rules_that_are_bound_open_nothing_else(rules: str, other: str) -> None:
    for policy, target in (
        (listing(rules, accounts=True), Target(account_of(other))),
        (listing(rules, roles=True), Target(ACCOUNT, role_of(other))),
    ):
        with pytest.raises(WrongEnvironment, match=f"does not belong to {rules}"):
            binding.require_own(policy, rules, target)


def test_the_strongest_of_several_bindings_decides() -> None:
    policy = listing("dev", accounts=True)
    with pytest.raises(WrongEnvironment, match="The ECR repository my-app belongs to prod"):
        binding.require_own(policy, "dev", Target(account_of("dev"), repository="my-app", tag="prod"))


def test_an_account_of_several_environments_is_opened_by_each_and_only_tags_tell_it_apart() -> None:
    shared = tuple(
        replace(each, accounts=(ACCOUNT,) if each.name in {"dev", "prod"} else ()) for each in POLICY.environments
    )
    policy, target = replace(POLICY, environments=shared), Target(ACCOUNT, repository="my-app")
    for name in ("dev", "prod"):
        binding.require_own(policy, name, target)
        assert binding.unbound(policy, name, target).startswith("Nothing says that the ECR repository my-app belongs")
        assert binding.unbound(policy, name, replace(target, tag=name)) == ""
    with pytest.raises(WrongEnvironment, match="belongs to dev and prod, and this run follows the rules of test"):
        binding.require_own(policy, "test", target)


def test_a_tag_that_names_no_environment_of_the_platform_is_somebody_elses() -> None:
    with pytest.raises(WrongEnvironment, match="belongs to Prod"):
        binding.require_own(POLICY, "prod", Target(ACCOUNT, repository="my-app", tag="Prod"))


def test_a_role_is_known_by_account_and_name_whatever_its_path_or_case() -> None:
    policy = listing("prod", roles=True)
    for arn in (f"arn:aws:iam::{ACCOUNT}:role/DELIVER-prod", f"arn:aws:iam::{ACCOUNT}:role/other/deliver-prod"):
        with pytest.raises(WrongEnvironment, match="belongs to prod"):
            binding.require_own(policy, "dev", Target(ACCOUNT, arn))
    binding.require_own(policy, "dev", Target("1" * 12, role_of("prod", account="1" * 12)))


def test_a_persons_own_role_need_not_be_on_a_list() -> None:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/somebody"
    policy = listing("dev", roles=True)
    binding.require_own(policy, "dev", Target(ACCOUNT, session, login=True))
    with pytest.raises(WrongEnvironment, match="does not belong to dev"):
        binding.require_own(policy, "dev", Target(ACCOUNT, session))


def test_what_nothing_binds_is_reported_or_refused_as_the_policy_says() -> None:
    target = Target(ACCOUNT, repository="my-app")
    binding.require_own(POLICY, "dev", target)
    assert binding.unbound(POLICY, "dev", target) == (
        "Nothing says that the ECR repository my-app belongs to dev only. It has no tag goldenpath.idp/environment, "
        "and environments.yaml lists neither its account nor the role for dev only. Have the platform team "
        "add the tag goldenpath.idp/environment = dev to it, or list its account in environments.yaml."
    )
    with pytest.raises(WrongEnvironment) as caught:
        binding.unbound(replace(POLICY, unbound_refused=True), "dev", target)
    assert caught.value.why.endswith("; environments.yaml says `unbound: refused`")


def test_a_tag_that_may_not_be_read_binds_nothing_and_names_the_missing_action() -> None:
    target = Target(ACCOUNT, repository="my-app", tag=None)
    binding.require_own(POLICY, "prod", target)
    assert "the role lacks ecr:ListTagsForResource" in binding.unbound(POLICY, "prod", target)
    assert binding.unbound(listing("prod", accounts=True), "prod", replace(target, account=account_of("prod"))) == ""


def test_the_tag_is_the_one_that_registries_are_born_with() -> None:
    module = Path(__file__).resolve().parents[4] / "modules" / "aws_ecr" / "main.tf"
    assert f'"{binding.TAG}"' in module.read_text()
    assert f"{compliance.TAG_PREFIX}/environment" == binding.TAG


def test_the_account_of_a_role_may_be_listed_nowhere_but_not_for_another_environment_only() -> None:
    policy = listing("dev", "prod", accounts=True)
    binding.require_not_others(policy, "prod", ACCOUNT)
    binding.require_not_others(policy, "prod", account_of("prod"))
    with pytest.raises(WrongEnvironment, match=f"The AWS account {account_of('prod')} belongs to prod"):
        binding.require_not_others(policy, "dev", account_of("prod"))
