"""A request for a registry: six fields, checked when it is created, all mistakes reported together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from goldenpath.policy import environments
from goldenpath.shared.errors import RegistryRequestInvalid, UnknownEnvironment
from goldenpath.shared.names import EcrRepository, Name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Risk(StrEnum):
    """How much harm a bad image in the registry could do; the level selects the registry's controls."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Team(Name):
    """The team that owns a registry."""

    pattern = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")
    rule = "a team (1 to 63 of a-z, 0-9, `.`, `_`, `-`, like `team-web`)"


class Domain(Name):
    """The business domain of a registry."""

    pattern = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")
    rule = "a domain (1 to 63 of a-z, 0-9, `.`, `_`, `-`, like `payments`)"


class GithubLogin(Name):
    """The GitHub user name of the requester: a person's, as an app's `name[bot]` cannot be a tag at AWS.

    Source: GitHub, "Username considerations for external authentication": a managed user has the short code of its
    enterprise (3 to 8 letters and digits) behind `_`.
    """

    pattern = re.compile(r"(?=.{1,39}$)[A-Za-z0-9](-?[A-Za-z0-9])*(_[A-Za-z0-9]{3,8})?")
    rule = "a GitHub user name (like `octocat`, or `octocat_acme` where an enterprise manages it)"


def registry_id(name: EcrRepository) -> str:
    """Return the id for `name`: `my-app` → `REGISTRY_MY_APP`."""
    # Derived, never chosen: the Terraform module computes it again and refuses another one, and `ecr_tf` refuses two
    # names with one id.
    return "REGISTRY_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


@dataclass(frozen=True)
class RegistryRequest:
    """A checked request. `requester` and `domain` may be missing: a request from a terminal has neither."""

    environment: str
    name: EcrRepository
    owner: Team
    risk: Risk
    requester: GithubLogin | None = None
    domain: Domain | None = None

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the entry in `ecr.tf`, in the order in which they are written."""
        values = {
            "id": registry_id(self.name),
            "owner": self.owner,
            "requester": self.requester,
            "domain": self.domain,
            "risk": self.risk.value,
        }
        return {field: str(value) for field, value in values.items() if value}


def known_environments() -> tuple[str, ...]:
    """Return the environments that have registries, in promotion order."""
    return tuple(rules.environment for rules in environments.registry_rules())


def known_environment(raw: str) -> str:
    """Return `raw` if that environment has registries. Raises `UnknownEnvironment`, listing those that do."""
    if raw in known_environments():
        return raw
    raise UnknownEnvironment(
        f"there are no registries for an environment {raw!a}" if raw else "no environment was named",
        why=f"The platform keeps registries for {', '.join(known_environments())}",
        fix="Name one of them",
    )


def _environment(raw: str) -> str:
    # A `ValueError`, unlike `known_environment`: here it becomes one item in the list of all mistakes.
    if raw not in known_environments():
        raise ValueError(f"{raw!a} is not one of {', '.join(known_environments())}")
    return raw


def _risk(raw: str) -> Risk:
    if raw not in list(Risk):
        raise ValueError(f"{raw!a} is not one of {', '.join(Risk)}")
    return Risk(raw)


# Field → how it is read, and whether it is required.
_FIELDS: dict[str, tuple[Callable[[str], Any], bool]] = {
    "environment": (_environment, True),
    "name": (EcrRepository, True),
    "owner": (Team, True),
    "risk": (_risk, True),
    "requester": (GithubLogin, False),
    "domain": (Domain, False),
}


def parse_request(raw: Mapping[str, str]) -> RegistryRequest:
    """Return the checked request in `raw` (field → text as given; a missing field and an empty one are the same).

    Raises `RegistryRequestInvalid`, which lists every missing, malformed and unknown field.
    """
    values: dict[str, Any] = {}
    mistakes = [f"`{field}` is not a field of a request" for field in raw if field not in _FIELDS]
    for field, (read, required) in _FIELDS.items():
        text = raw.get(field, "").strip()
        if not text:
            mistakes += [f"`{field}` is missing"] if required else []
            continue
        try:
            values[field] = read(text)
        except ValueError as error:
            mistakes.append(f"`{field}`: {error}")
    if mistakes:
        raise invalid_request(mistakes)
    return RegistryRequest(**values)


def invalid_request(mistakes: list[str]) -> RegistryRequestInvalid:
    """Return the error for a request with `mistakes`."""
    return RegistryRequestInvalid(
        "The request for a registry cannot be used",
        why="; ".join(mistakes),
        fix="Correct what is named, then ask again",
    )
