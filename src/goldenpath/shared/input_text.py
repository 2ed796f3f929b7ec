"""Read the text of an input. Every reader raises `ValueError` that names the mistake in the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from goldenpath.shared.names import AccountId, EcrRepository, Platform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

_Value = TypeVar("_Value")
# What is left of Linux's PATH_MAX (4,096) for the folders that a path of ours is joined to; its NAME_MAX.
_PATH_BYTES, _NAME_BYTES = 2048, 255


@dataclass(frozen=True)
class OneOf(Generic[_Value]):
    """Reads one word of a closed set, exactly as it is written. Any other text raises `ValueError` with all words.

    An input with such a set reads its text with it, so that no other word is ever taken for one of them.
    """

    values: Mapping[str, _Value] = field(hash=False)

    @property
    def words(self) -> tuple[str, ...]:
        """The words, in the order in which an error names them."""
        return tuple(self.values)

    def __call__(self, raw: str) -> _Value:
        """Return the value of the word `raw`."""
        if raw not in self.values:
            raise ValueError(f"{_shown(raw)} is {_none_of([f'`{word}`' for word in self.values])}")
        return self.values[raw]


def member(kind: type[StrEnum]) -> OneOf[StrEnum]:
    """Return a reader of the members of `kind`. The empty one needs no reader: an empty input has its default."""
    return OneOf({str(word): word for word in kind if word})


def _none_of(words: list[str]) -> str:
    if len(words) == len(("one", "other")):
        return f"neither {words[0]} nor {words[1]}"
    return f"none of {', '.join(words[:-1])} and {words[-1]}"


def assignments(raw: str) -> tuple[tuple[str, str], ...]:
    """Return the `NAME=value` pairs in `raw`, one a line, in their order."""
    pairs = []
    for line in filter(None, (line.strip() for line in raw.splitlines())):
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"{_shown(line)} is not NAME=value")
        pairs.append((name.strip(), value))
    return tuple(pairs)


def platforms(raw: str) -> tuple[Platform, ...]:
    """Return the platforms in `raw`, separated by commas: one at least."""
    return tuple(map(Platform, _listed(raw, "platform")))


def accounts(raw: str) -> tuple[AccountId, ...]:
    """Return the AWS accounts in `raw`, separated by commas: one at least."""
    return tuple(map(AccountId, _listed(raw, "AWS account")))


def _listed(raw: str, kind: str) -> tuple[str, ...]:
    """Return the parts of `raw` between its commas. Commas only are a mistake: no list would mean any, or the usual."""
    parts = tuple(part.strip() for part in raw.split(",") if part.strip())
    if not parts:
        raise ValueError(f"{_shown(raw)} names no {kind}; leave it empty if none is meant")
    return parts


def path(raw: str) -> Path:
    """Return the path `raw`, as it is written."""
    if not raw.isprintable():
        raise ValueError("a path cannot hold control characters")
    if is_too_long(raw):
        raise ValueError("it is longer than a path can be")
    return Path(raw)


def is_too_long(path: str) -> bool:
    """Tell whether `path` is longer than a path can be, or has a name that is."""
    return len(path.encode()) > _PATH_BYTES or any(len(part.encode()) > _NAME_BYTES for part in Path(path).parts)


def repository(raw: str) -> EcrRepository:
    """Return the name of an ECR repository; an address of one is not a name."""
    host, _, name = raw.partition("/")
    if ".dkr.ecr" in host:
        raise ValueError(f"{_shown(raw)} is an address: give only the name, like {_shown(name or 'my-app')}")
    if raw != raw.lower() and EcrRepository.pattern.fullmatch(raw.lower()):
        raise ValueError(
            f"{_shown(raw)} has capital letters, which ECR does not allow: give it as {_shown(raw.lower())}"
        )
    return EcrRepository(raw)


yes_or_no = OneOf({"true": True, "false": False})
exit_code = OneOf({"0": False, "1": True})


def word(raw: str) -> str:
    """Return `raw` if no program can take it for an option."""
    if raw.startswith("-") or not raw.isprintable():
        raise ValueError(f"{_shown(raw)} starts with `-` or holds control characters")
    return raw


def secret(raw: str) -> str:
    """Return `raw`, which is never shown."""
    if not raw.isprintable():
        raise ValueError("it holds control characters")  # and is never shown
    return raw


def audience(raw: str) -> str:
    """Return the audience of an OIDC token in `raw`."""
    if len(raw) > _NAME_BYTES or not raw.isascii() or not raw.isprintable() or " " in raw or raw.startswith("-"):
        raise ValueError(f"{_shown(raw)} is not an audience (like `sts.amazonaws.com.cn`)")
    return raw


def name(raw: str) -> str:
    """Return `raw` if it is a name of ordinary length."""
    if len(raw) > _NAME_BYTES:
        raise ValueError(f"{_shown(raw)} is longer than {_NAME_BYTES} characters")
    return word(raw)


def _shown(raw: str) -> str:
    limit = 80
    return ascii(raw) if len(raw) <= limit else ascii(raw[:limit]) + "…"
