"""Logins to registries other than ECR, from the caller's input. No message about them holds a user or a password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.delivery.model import private_base

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORM = "registry user password"
_PRINTABLE = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True)
class RegistryLogin:
    """A user and a password for one `registry`."""

    registry: str
    user: str = field(repr=False)
    password: str = field(repr=False)


def parse_all(raw: str) -> tuple[RegistryLogin, ...]:
    """Return the logins in `raw`, one a line. Raises `ValueError`, which names lines and never shows one."""
    logins: dict[str, RegistryLogin] = {}
    for number, login in _lines(raw):
        if login.registry in logins:
            raise ValueError(f"line {number} gives a second login for {login.registry}")
        logins[login.registry] = login
    return tuple(logins.values())


def _lines(raw: str) -> Iterator[tuple[int, RegistryLogin]]:
    for number, line in enumerate(raw.splitlines(), start=1):
        if words := line.split(maxsplit=2):
            yield number, _login(number, words)


def _login(number: int, words: list[str]) -> RegistryLogin:
    if len(words) != len(_FORM.split()) or not all(map(_PRINTABLE.fullmatch, words)):
        raise ValueError(f"line {number} is not `{_FORM}`, all in ASCII")
    written, user, password = words
    try:
        registry = private_base.registry_of(written)
    except ValueError:
        raise ValueError(f"line {number} does not begin with the name of a registry, like ghcr.io") from None
    if private_base.is_ecr(registry):
        raise ValueError(f"line {number} is for Amazon ECR, where a role logs in (role_arn)")
    return RegistryLogin(registry, user, password.strip())
