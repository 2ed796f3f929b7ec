from __future__ import annotations

import pytest

from goldenpath.registries import request
from goldenpath.registries.request import parse_request, registry_id
from goldenpath.shared.errors import RegistryRequestInvalid, UnknownEnvironment
from goldenpath.shared.names import EcrRepository

WHOLE = {
    "environment": "dev",
    "name": "my-app",
    "owner": "team-web",
    "requester": "octocat",
    "domain": "shop",
    "risk": "low",
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("my-app", "REGISTRY_MY_APP"),
        ("team/my.app", "REGISTRY_TEAM_MY_APP"),
        ("a1_b2", "REGISTRY_A1_B2"),
    ],
)
def test_the_id_follows_from_the_name(name: str, expected: str) -> None:
    assert registry_id(EcrRepository(name)) == expected


def test_a_whole_request_becomes_an_entry_in_the_order_people_read() -> None:
    assert list(parse_request(WHOLE).fields.items()) == [
        ("id", "REGISTRY_MY_APP"),
        ("owner", "team-web"),
        ("requester", "octocat"),
        ("domain", "shop"),
        ("risk", "low"),
    ]


@pytest.mark.parametrize("login", ["octocat", "jdoe_acme", "j-doe_admin", "a" * 39, "a" * 34 + "_acme"])
def test_people_and_managed_users_may_ask(login: str) -> None:
    assert parse_request({**WHOLE, "requester": login}).requester == login


def test_requester_and_domain_may_be_left_out() -> None:
    assert parse_request({**WHOLE, "requester": "", "domain": " "}).fields == {
        "id": "REGISTRY_MY_APP",
        "owner": "team-web",
        "risk": "low",
    }


@pytest.mark.parametrize(
    ("field", "text", "why"),
    [
        ("environment", "", "`environment` is missing"),
        ("environment", "local", "`environment`: 'local' is not one of dev, test, staging, prod"),
        ("environment", "production", "`environment`: 'production' is not one of dev, test, staging, prod"),
        ("name", "", "`name` is missing"),
        ("name", "a", "`name`: 'a' is not an ECR repository name"),
        ("name", "My-App", "`name`: 'My-App' is not an ECR repository name"),
        ("name", "../x", "`name`: '../x' is not an ECR repository name"),
        ("name", 'x"]', "`name`: 'x\"]' is not an ECR repository name"),
        ("owner", "", "`owner` is missing"),
        ("owner", "Team Web", "`owner`: 'Team Web' is not a team"),
        ("owner", "${evil}", "`owner`: '${evil}' is not a team"),
        ("risk", "", "`risk` is missing"),
        ("risk", "HIGH", "`risk`: 'HIGH' is not one of low, medium, high"),
        ("requester", "a b", "`requester`: 'a b' is not a GitHub user name"),
        ("requester", "-a", "`requester`: '-a' is not a GitHub user name"),
        ("requester", "jdoe_", "`requester`: 'jdoe_' is not a GitHub user name"),
        ("requester", "jdoe_acme_acme", "`requester`: 'jdoe_acme_acme' is not a GitHub user name"),
        ("requester", "dependabot[bot]", "`requester`: 'dependabot[bot]' is not a GitHub user name"),
        ("domain", "Shop!", "`domain`: 'Shop!' is not a domain"),
        ("colour", "blue", "`colour` is not a field of a request"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(field: str, text: str, why: str) -> None:
    with pytest.raises(RegistryRequestInvalid, match="The request for a registry cannot be used") as refused:
        parse_request({**WHOLE, field: text})
    assert refused.value.why.startswith(why)


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(RegistryRequestInvalid) as refused:
        parse_request({"name": "X", "risk": "some"})
    assert [told.split("`")[1] for told in refused.value.why.split("; ")] == ["environment", "name", "owner", "risk"]


def test_local_has_no_registries_in_terraform() -> None:
    with pytest.raises(UnknownEnvironment, match="no registries for an environment 'local'"):
        request.known_environment("local")
