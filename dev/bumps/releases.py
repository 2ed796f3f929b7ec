"""Which newer release of a tool may be proposed, from GitHub's list of its releases.

Source: GitHub REST API, "List releases": `digest` of an asset is the SHA-256 that GitHub computed at the upload, and
`updated_at` moves when a file is replaced.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from dev.bumps import policy
from msgspec import Struct

from goldenpath.shared import pins
from goldenpath.shared.errors import GithubRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.shared.pins import Tool

PAGE = 100
_TAG = re.compile(r"v([0-9]+(?:\.[0-9]+){2})")
_Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]


class Asset(Struct, frozen=True):
    """One file of a release, as GitHub has it now."""

    name: str
    updated_at: datetime
    digest: _Digest | None = None


class Release(Struct, frozen=True):
    """One release, as GitHub lists it."""

    tag_name: str
    draft: bool
    prerelease: bool
    published_at: datetime | None
    assets: tuple[Asset, ...] = ()
    immutable: bool = False

    @property
    def version(self) -> str:
        """The version that its tag names; empty for a tag of another form, a draft or a pre-release."""
        match = _TAG.fullmatch(self.tag_name)
        return match[1] if match and not (self.draft or self.prerelease) else ""

    @property
    def settled_at(self) -> datetime | None:
        """When it became what it is: a file that was replaced after the release makes it young again."""
        if self.published_at is None:
            return None
        return max([self.published_at, *(asset.updated_at for asset in self.assets)])


class Proposal(Struct, frozen=True):
    """A move of the entry `tool` from version `old` to `new`; `digests` are GitHub's, by file name."""

    tool: pins.ToolName
    repository: pins.Repository
    old: pins.ToolVersion
    new: pins.ToolVersion
    settled_at: datetime
    immutable: bool
    digests: dict[str, pins.Sha256]


def parse(response: Any) -> tuple[Release, ...]:  # noqa: ANN401  any JSON value
    """Return the releases in GitHub's `response`. Raises `GithubRefused` when it is not a list of releases."""
    try:
        return msgspec.convert(response, tuple[Release, ...])
    except msgspec.ValidationError as error:
        raise GithubRefused(
            "GitHub's list of releases cannot be read",
            why=str(error),
            fix="run the job again; if it persists, correct dev/bumps",
        ) from None


def newest(tool: Tool, releases: Iterable[Release], now: datetime) -> Proposal | None:
    """Return the move of `tool` to the newest of `releases` whose cool-down is over at `now`; `None`: there is none."""
    current = _numbers(tool.version)
    ready = [release for release in releases if _is_ready(release, now) and _numbers(release.version) > current]
    ready = [release for release in ready if (tool.name, release.version) not in pins.REFUSED]
    if not ready or tool.repository is None:
        return None
    chosen = max(ready, key=lambda release: _numbers(release.version))
    assert chosen.settled_at  # noqa: S101  it is ready
    digests = {asset.name: asset.digest.removeprefix("sha256:") for asset in chosen.assets if asset.digest}
    return Proposal(
        tool.name, tool.repository, tool.version, chosen.version, chosen.settled_at, chosen.immutable, digests
    )


def _is_ready(release: Release, now: datetime) -> bool:
    settled = release.settled_at
    return bool(release.version and settled and now - settled >= policy.COOL_DOWN)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
