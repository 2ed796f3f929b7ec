"""Repositories that no entry describes: whose they are, and that each is named once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from goldenpath.registries import unregistered
from goldenpath.registries.aws.creation_templates import TemplateFacts
from goldenpath.registries.config.ecr_tf import RegistryEntry
from goldenpath.registries.request import Risk
from goldenpath.registries.unregistered import AccountReport, RepositoryOrigin, UnregisteredRepository
from goldenpath.shared.errors import AccessDenied

if TYPE_CHECKING:
    from goldenpath.registries.aws.ecr import EcrDescription, PlatformEcr

ENTRY = RegistryEntry("dev", "my-app", "REGISTRY_MY_APP", "team-web", Risk.LOW)
CDK = "cdk-hnb659fds-container-assets-123456789012-eu-west-2"


class Account:
    """A double of `PlatformEcr`: an account with repositories, a cache and a creation template."""

    def __init__(self, *names: str, tags: dict[str, str] | None = None, denied: bool = False) -> None:
        self._names = names
        self._tags = tags or {}
        self._denied = denied

    def uris(self) -> dict[str, str]:
        return {name: f"123456789012.dkr.ecr/{name}" for name in self._names}

    def describe(self, name: str) -> EcrDescription | None:
        return cast("EcrDescription", type("Described", (), {"tags": self._tags if name == "of-prod" else {}}))

    def cache_prefixes(self) -> tuple[str, ...]:
        if self._denied:
            raise AccessDenied("Not allowed to list the pull-through caches", fix="Allow it")
        return ("docker-hub", "ROOT")

    def push_templates(self) -> tuple[TemplateFacts, ...]:
        loose = {"immutable": True, "expires": True, "refuses_pulls": False}
        return (
            TemplateFacts("team", on_push=True, **loose), TemplateFacts("ROOT", on_push=True, **loose),
            TemplateFacts("quarantine", on_push=True, immutable=True, expires=True, refuses_pulls=True),
        )  # fmt: skip


def looked_at(account: Account, listed: str = "") -> AccountReport:
    entries = [ENTRY, RegistryEntry("prod", "of-prod", "REGISTRY_OF_PROD", "team-web", Risk.LOW)]
    return unregistered.inspect_account(cast("PlatformEcr", account), "dev", entries, listed)


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        (CDK, RepositoryOrigin.CDK),
        ("docker-hub/library/python", RepositoryOrigin.CACHE),
        ("docker-hubs", RepositoryOrigin.UNKNOWN),
        ("sandbox/anything", RepositoryOrigin.LISTED),
        ("legacy", RepositoryOrigin.LISTED),
        ("by-hand", RepositoryOrigin.UNKNOWN),
    ],
)
def test_a_repository_without_an_entry_is_known_by_its_name(name: str, origin: RepositoryOrigin) -> None:
    (seen,) = looked_at(Account("my-app", name), "sandbox/*, legacy").repositories
    assert (seen.name, seen.origin) == (name, origin)


def test_a_registry_of_another_environment_in_the_same_account_has_an_entry() -> None:
    tags = {unregistered.ENVIRONMENT_TAG: "prod"}
    assert looked_at(Account("my-app", "of-prod", tags=tags)).repositories == ()
    assert [one.name for one in looked_at(Account("my-app", "of-prod")).repositories] == ["of-prod"]


def test_what_a_push_made_in_quarantine_is_known_by_its_tag() -> None:
    (seen,) = looked_at(Account("of-prod", tags={unregistered.QUARANTINE_TAG: "created-by-push"})).repositories
    assert seen.origin is RepositoryOrigin.QUARANTINED


def test_names_that_a_push_can_create_outside_of_a_quarantine_are_known() -> None:
    assert looked_at(Account()).push_prefixes == ("team", "ROOT")


def test_a_role_that_may_not_read_caches_is_told_and_the_rest_is_reported() -> None:
    seen = looked_at(Account("docker-hub/python", denied=True))
    assert [one.origin for one in seen.repositories] == [RepositoryOrigin.UNKNOWN]
    assert seen.notes == ("pull-through caches were not looked at: Not allowed to list the pull-through caches",)


def test_four_environments_in_one_account_name_a_repository_once_and_what_needs_somebody_first() -> None:
    account = AccountReport(
        (UnregisteredRepository(CDK, "uri/cdk", RepositoryOrigin.CDK),
         UnregisteredRepository("by-hand", "uri/by-hand", RepositoryOrigin.UNKNOWN)), ("team", "ROOT"), ("a note",),
    )  # fmt: skip
    text = unregistered.section([(name, account) for name in ("dev", "test", "staging", "prod")])
    everywhere = "(dev, test, staging, prod)"
    ungoverned = f"creates a repository without an owner, which no entry describes {everywhere}: a creation template"
    assert text.splitlines()[2:] == [
        f"- `by-hand` {everywhere}: {RepositoryOrigin.UNKNOWN.value}",
        f"- `{CDK}` {everywhere}: the AWS CDK keeps its assets there",
        f"- a push to `any name` {ungoverned} allows it",
        f"- a push to `team/…` {ungoverned} allows it",
        f"- a note {everywhere}",
    ]
    assert unregistered.section([("dev", AccountReport())]) == ""
