"""A request for a registry: six fields, each checked where it is born, all mistakes told together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from goldenpath.errors import RegistryRequestInvalid, UnknownEnvironment
from goldenpath.model.names import EcrRepository, Name
from goldenpath.policy import matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Risk(StrEnum):
    """How much harm a bad image in the registry could do; it decides the registry's controls."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Team(Name):
    """The team that answers for a registry."""

    pattern = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")
    rule = "a team (1 to 63 of a-z, 0-9, `.`, `_`, `-`, like `team-web`)"


class Domain(Name):
    """The business domain a registry belongs to."""

    pattern = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")
    rule = "a domain (1 to 63 of a-z, 0-9, `.`, `_`, `-`, like `payments`)"


class GithubLogin(Name):
    """Who asked: a GitHub user name."""

    pattern = re.compile(r"[A-Za-z0-9](-?[A-Za-z0-9]){0,38}")
    rule = "a GitHub user name (like `octocat`)"


def registry_id(name: EcrRepository) -> str:
    """Return the id that belongs to `name`: `my-app` → `REGISTRY_MY_APP`. The Terraform module asks for the same."""
    return "REGISTRY_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


@dataclass(frozen=True)
class RegistryRequest:
    """What is wanted. `requester` and `domain` may be empty: a scaffold on one's own machine has neither."""

    environment: str
    name: EcrRepository
    owner: Team
    risk: Risk
    requester: GithubLogin | None = None
    domain: Domain | None = None

    @property
    def fields(self) -> dict[str, str]:
        """The entry in `ecr.tf`: field → value, in the order in which they are written."""
        listed = {
            "id": registry_id(self.name),
            "owner": self.owner,
            "requester": self.requester,
            "domain": self.domain,
            "risk": self.risk.value,
        }
        return {field: str(value) for field, value in listed.items() if value}


def known_environments() -> tuple[str, ...]:
    """Return the environments that have registries of their own, in the order in which a change travels."""
    return tuple(each.name for each in matrix.load().environments if each.name != matrix.LOCAL)


def known_environment(raw: str) -> str:
    """Return `raw` if it is an environment with registries. Raises `UnknownEnvironment`, listing those that are."""
    if raw in known_environments():
        return raw
    raise UnknownEnvironment(
        f"there are no registries for an environment {raw!a}" if raw else "no environment was named",
        why=f"the platform keeps registries for {', '.join(known_environments())}",
        fix="name one of them",
    )


def _environment(raw: str) -> str:
    if raw not in known_environments():
        raise ValueError(f"{raw!a} is not one of {', '.join(known_environments())}")
    return raw


def _risk(raw: str) -> Risk:
    if raw not in list(Risk):
        raise ValueError(f"{raw!a} is not one of {', '.join(Risk)}")
    return Risk(raw)


_FIELDS: dict[str, tuple[Callable[[str], Any], bool]] = {
    "environment": (_environment, True),
    "name": (EcrRepository, True),
    "owner": (Team, True),
    "risk": (_risk, True),
    "requester": (GithubLogin, False),
    "domain": (Domain, False),
}


def parse_request(raw: Mapping[str, str]) -> RegistryRequest:
    """Return the checked request in `raw` (field → text as given; absent and empty are the same).

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
        raise RegistryRequestInvalid(
            "the request for a registry cannot be used",
            why="; ".join(mistakes),
            fix="correct what is named, then ask again",
        )
    return RegistryRequest(**values)
