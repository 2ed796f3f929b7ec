"""Check that an image's OS release agrees with its own packages, because the release decides which fixes are known.

If a Debian image calls itself an older release, that release lacks the fixes of the real one, and its findings would
look unfixed. The package that ships the release's name reveals the real one: base-files in Debian and Ubuntu,
alpine-release in Alpine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_BASE_FILES, _ALPINE_RELEASE = "base-files", "alpine-release"


def contradiction(family: str, release: str, packages: Mapping[str, str]) -> str:
    """Return why the `packages` (names and versions) are not of this release; empty if nothing contradicts it."""
    named, version = _named_by(family, packages)
    if not version or _agrees(family, release, version):
        return ""
    return f"the image calls itself {family} {release}, and its package {named} is of version {version}"


def _named_by(family: str, packages: Mapping[str, str]) -> tuple[str, str]:
    name = _ALPINE_RELEASE if family == "alpine" else _BASE_FILES if family in {"debian", "ubuntu"} else ""
    return name, packages.get(name, "")


def _agrees(family: str, release: str, version: str) -> bool:
    is_ubuntu = "ubuntu" in version
    if family == "ubuntu":
        return is_ubuntu
    # A release without a number yet cannot be compared.
    parts = 2 if family == "alpine" else 1
    numbers = _numbers(release, parts)
    return not is_ubuntu and (not numbers or numbers == _numbers(version, parts))


def _numbers(version: str, parts: int) -> list[str]:
    leading = re.match(r"[\d.]*", version)
    return leading[0].split(".")[:parts] if leading and leading[0] else []
