"""Read the text of an input. Every reader raises `ValueError` that names the mistake in the text."""

from __future__ import annotations

from pathlib import Path

from goldenpath.shared.names import AccountId, EcrRepository, Platform

# What is left of Linux's PATH_MAX (4,096) for the folders that a path of ours is joined to; its NAME_MAX.
_PATH_BYTES, _NAME_BYTES = 2048, 255


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
    """Return the platforms in `raw`, separated by commas."""
    return tuple(Platform(part.strip()) for part in raw.split(",") if part.strip())


def accounts(raw: str) -> tuple[AccountId, ...]:
    """Return the AWS accounts in `raw`, separated by commas."""
    return tuple(AccountId(part.strip()) for part in raw.split(",") if part.strip())


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


def yes_or_no(raw: str) -> bool:
    """Return whether `raw` is `true` and not `false`."""
    if raw not in {"true", "false"}:
        raise ValueError(f"{_shown(raw)} is neither `true` nor `false`")
    return raw == "true"


def exit_code(raw: str) -> bool:
    """Return whether `raw` is `1` and not `0`."""
    if raw not in {"0", "1"}:
        raise ValueError(f"{_shown(raw)} is neither `0` nor `1`")
    return raw == "1"


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
