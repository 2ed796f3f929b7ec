"""The notation of secrets for the app's own build. No message about them holds a value.

Two forms. In a workflow, secrets are NAME=value lines, with GitHub's own form for a value of several lines
(`NAME<<END`, the lines, `END`; see "Workflow commands", "Multiline strings"). At a terminal, they are named like
docker's: `id=NAME,env=VARIABLE` or `id=NAME,src=FILE`, and `default` or `NAME=SOCKET_OR_KEY` for SSH.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFAULT_SSH = "default"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
# The keys that docker takes, and what each means here.
_KEYS = {"id": "id", "env": "env", "src": "src", "source": "src", "type": "type"}
_SHORTEST_END = 3
_KEY_BEGIN, _KEY_END = "-----BEGIN ", "PRIVATE KEY-----"


@dataclass(frozen=True)
class BuildSecret:
    """A secret that the Dockerfile mounts by its `id`. `file` is the path of its bytes, if they came from a file."""

    id: str
    value: bytes = field(repr=False)
    file: Path | None = None


@dataclass(frozen=True)
class SecretSource:
    """The source of a secret: a `variable` or a `file`. With neither, the one that has its name, as docker does."""

    id: str
    variable: str = ""
    file: str = ""


@dataclass(frozen=True)
class SshSource:
    """The source of the SSH mount `id`: an agent's socket or private keys; without `paths`, the user's agent."""

    id: str
    paths: tuple[str, ...] = ()


_Named = TypeVar("_Named", BuildSecret, SecretSource, SshSource)


def values(raw: str) -> tuple[BuildSecret, ...]:
    """Return the secrets in the NAME=value lines `raw`. Raises `ValueError`, which names lines and never shows one."""
    lines = iter(enumerate((line.removesuffix("\r") for line in raw.split("\n")), start=1))
    return tuple(_require_once([_value(number, line, lines) for number, line in lines if line.strip()]))


def _value(number: int, line: str, rest: Iterator[tuple[int, str]]) -> BuildSecret:
    name, equals, value = line.partition("=")
    several, marks, end = line.partition("<<")
    if marks and len(several) < len(name):
        return BuildSecret(_name(several, f"line {number}"), _until(end.strip(), number, rest).encode())
    if not equals:
        raise ValueError(f"line {number} is not NAME=value (a value of several lines is NAME<<END, its lines, END)")
    return BuildSecret(_name(name, f"line {number}"), value.encode())


def _until(end: str, begin: int, rest: Iterator[tuple[int, str]]) -> str:
    if len(end) < _SHORTEST_END:
        # GitHub masks this line too, wherever its text appears.
        raise ValueError(f"the word behind << in line {begin} is shorter than {_SHORTEST_END} characters")
    taken: list[str] = []
    for _, line in rest:
        if line.strip() == end:
            return "".join(f"{taken_line}\n" for taken_line in taken)
        taken.append(line)
    raise ValueError(f"the value that begins in line {begin} has no end: no line is only the word behind <<")


def sources(raw: str) -> tuple[SecretSource, ...]:
    """Return the sources of secrets in `raw`, one a line. Raises `ValueError`."""
    return tuple(_require_once([_source(line) for line in filter(None, map(str.strip, raw.splitlines()))]))


def _source(line: str) -> SecretSource:
    given: dict[str, str] = {}
    for part in next(csv.reader([line])):
        key, equals, value = part.partition("=")
        if not equals or not value or key.strip().lower() not in _KEYS:
            # The line may be the secret itself, so the message must not quote it.
            raise ValueError("write id=NAME,env=VARIABLE or id=NAME,src=FILE, and never the secret itself")
        given[_KEYS[key.strip().lower()]] = value
    kind = given.pop("type", "")
    if kind not in {"", "env", "file"} or ("env" in given and ("src" in given or kind == "file")):
        raise ValueError("a secret comes from a variable (env=) or from a file (src=)")
    if kind == "env" and "src" in given:
        given["env"] = given.pop("src")
    return SecretSource(_name(given.get("id", ""), "id="), given.get("env", ""), given.get("src", ""))


def ssh_sources(raw: str) -> tuple[SshSource, ...]:
    """Return the sources of SSH mounts in `raw`, one a line. Raises `ValueError`."""
    mounts = []
    for line in filter(None, map(str.strip, raw.splitlines())):
        name, equals, written = line.partition("=")
        paths = tuple(filter(None, written.split(",")))
        if equals and not paths:  # like that of a variable that is not set
            raise ValueError("a `=` without a socket or key file behind it: leave it out to use this user's agent")
        mounts.append(SshSource(_name(name, "the part before `=`"), paths))
    return tuple(_require_once(mounts))


def ssh_key(raw: str) -> str:
    """Return the private key `raw` as OpenSSH reads it. Raises `ValueError` if it is no private key."""
    text = raw.replace("\r\n", "\n").strip() + "\n"
    if not text.startswith(_KEY_BEGIN) or _KEY_END not in text.split("\n", 1)[0]:
        raise ValueError(
            "it is no private key: it begins with -----BEGIN … PRIVATE KEY-----, and is without a password"
        )
    return text


def _name(text: str, place: str) -> str:
    name = text.strip()
    if not _NAME.fullmatch(name):
        raise ValueError(f"{place} names no secret: a name has letters, digits, `_`, `.` and `-`, 128 at most")
    return name


def _require_once(secrets: list[_Named]) -> list[_Named]:
    names = [secret.id for secret in secrets]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ValueError(f"{twice} is named twice")
    return secrets
