"""The record of a build cache: the run that wrote it and the image it is for. The cache's key ends with its digest."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from goldenpath.shared.names import Commit, Digest

_KEY = re.compile(r".*-([0-9a-f]{64})", re.DOTALL)


class CacheAccess(StrEnum):
    """What a run may do with the build cache: nothing, only read it, or read it and write a new one."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


class BuildCache(Struct, frozen=True):
    """The build cache of one cold build.

    `manifest` is the digest of BuildKit's cache manifest, which names every blob of the cache. `ref` is the branch that
    the run was on, and `builder` the version of BuildKit.
    """

    manifest: Digest
    repository: str
    ref: str
    commit: Commit
    environment: str
    ecr_repository: str
    builder: str
    created: Annotated[datetime, Meta(tz=True)]


def digest_in(key: str) -> Digest | None:
    """Return the digest of the record at the end of the cache key `key`; `None` for a key without one."""
    match = _KEY.fullmatch(key)
    return Digest(f"sha256:{match[1]}") if match else None
