"""Which Terraform providers a folder uses, by version and hash: its dependency lock file.

Source: Terraform's "Dependency Lock File". `terraform init -lockfile=readonly` takes no provider whose hash is not in
it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.errors import ProvidersUnlocked

if TYPE_CHECKING:
    from pathlib import Path

FILE = ".terraform.lock.hcl"
_BLOCK = re.compile(r"^ *provider\b", re.MULTILINE)
_PROVIDER = re.compile(r'^provider "(?P<name>[a-z0-9./_-]+)" \{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r'^ +version += "(?P<version>[0-9A-Za-z.+-]+)"$', re.MULTILINE)
_HASH = re.compile(r'^ +"(?P<hash>(?:h1:[A-Za-z0-9+/]{43}=|zh:[0-9a-f]{64}))",$', re.MULTILINE)
_SETUP = "docs/setup.md says how to make it: `terraform providers lock`"


@dataclass(frozen=True)
class Provider:
    """A provider at the one `version` that is used, whose package has one of `hashes`."""

    version: str
    hashes: tuple[str, ...]


def providers(folder: Path) -> dict[str, Provider]:
    """Return the locked providers of the Terraform configuration in `folder`, by their full names.

    Raises `ProvidersUnlocked` when there is no lock file, it cannot be read, or names none with a version and hashes.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _unlocked(folder, "there is no such file") from None
    except (OSError, ValueError) as error:
        raise _unlocked(folder, f"it cannot be read: {error}") from error
    found = {each["name"]: _provider(folder, each["name"], each["body"]) for each in _PROVIDER.finditer(text)}
    if not found or len(found) != len(_BLOCK.findall(text)):
        raise _unlocked(folder, "it is not of the form that Terraform writes")
    return dict(sorted(found.items()))


def _provider(folder: Path, name: str, body: str) -> Provider:
    version, hashes = _VERSION.search(body), tuple(_HASH.findall(body))
    if not version or not hashes:
        raise _unlocked(folder, f"it has no version or no hash for {name}")
    return Provider(version["version"], hashes)


def _unlocked(folder: Path, why: str) -> ProvidersUnlocked:
    return ProvidersUnlocked(
        f"the providers of {folder.parent.name}/{folder.name} are not locked, and Terraform was not started",
        why=f"{FILE}: {why}",
        fix=f"commit the lock file of that folder; {_SETUP}",
    )
