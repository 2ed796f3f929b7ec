"""The pinned table `toolchain.yaml` as typed values: the version, the hashes and the source of every program.

The meaning of the fields, and the reason for one table: docs/adr/0003-toolchain.md.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import yaml

from goldenpath.shared import codec
from goldenpath.shared.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLE = Path(__file__).with_name("toolchain.yaml")
# libyaml is twenty times as quick. It overflows its stack on hostile nesting: only for this table, which is ours.
_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Versions that must never run, whoever edits the table, each with the reason.
REFUSED = {("trivy", f"0.69.{patch}"): "it was a malicious release (CVE-2026-33634)" for patch in (4, 5, 6)}

ToolName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,30}\Z")]
ToolVersion = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.-]*\Z")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
AssetName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._{}-]*\Z")]
Repository = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*/[A-Za-z0-9_-][A-Za-z0-9._-]*\Z")]
HostUrl = Annotated[str, msgspec.Meta(pattern=r"^https://[a-z0-9.-]+\Z")]
FolderName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._{}/-]*\Z")]
ImageName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]*\.[a-z]+(/[a-z0-9][a-z0-9._-]*)+\Z")]
ImageDigest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
ImportPath = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]*\.[a-z]+/[A-Za-z0-9._/-]+\Z")]


class Group(StrEnum):
    """The purpose of a program: the pipeline, `goldenpath local`, the registry commands, the tests, dev/bump.py."""

    PIPELINE = "pipeline"
    LOCAL = "local"
    REGISTRIES = "registries"
    TESTS = "tests"
    BUMPS = "bumps"


class Host(StrEnum):
    """A kind of machine that releases are made for, as Go writes it."""

    LINUX_AMD64 = "linux/amd64"
    LINUX_ARM64 = "linux/arm64"
    DARWIN_AMD64 = "darwin/amd64"
    DARWIN_ARM64 = "darwin/arm64"

    @classmethod
    def here(cls) -> Host | None:
        """Return the kind of this machine; `None` when no release is made for it."""
        machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        name = f"{sys.platform}/{machine}"
        return cls(name) if name in set(cls) else None


# What has its default is left out of the pin: a program whose own hash becomes known is not fetched again for that.
class Asset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One file of a release: for which machine, its name, and the SHA-256 its bytes must have.

    `program` is the SHA-256 of the program inside it, where that is known.
    """

    platform: Host
    name: AssetName
    sha256: Sha256
    program: Sha256 | None = None


class GoSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Go package a program is built from; `expected_seconds` is for the user, measured on two cores."""

    module: ImportPath
    package: ImportPath
    expected_seconds: Annotated[int, msgspec.Meta(ge=1)]
    ldflags: str = ""
    experiment: str = ""


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules that a program carries in itself: its first line, its size in bytes, and two SHA-256.

    `published` is that of the rules as they are, `changed` that of the rules with our changes.
    """

    begins: Annotated[str, msgspec.Meta(min_length=1)]
    size: Annotated[int, msgspec.Meta(ge=1)]
    published: Sha256
    changed: Sha256


class PinnedImage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program as a container image: its `digest`, and the repositories that hold it, in the order they are tried.

    `version` is whose digest that is: a new version needs a new one.
    """

    version: ToolVersion
    digest: ImageDigest
    repositories: Annotated[tuple[ImageName, ...], msgspec.Meta(min_length=1)]

    @property
    def references(self) -> tuple[str, ...]:
        """The image's name in each repository."""
        return tuple(f"{repository}@{self.digest}" for repository in self.repositories)


class Tool(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"group": "for"}):
    """One program: its version, its release files, and its Go source. `member` is its place in a release archive.

    Without `member` the release file is the program itself. Releases are in the GitHub `repository`, or in the `folder`
    of the `host`. `image` is the same version as a container image.
    """

    name: ToolName
    version: ToolVersion
    group: Group
    repository: Repository | None = None
    host: HostUrl | None = None
    folder: FolderName | None = None
    checksums: AssetName | None = None
    member: str | None = None
    assets: tuple[Asset, ...] = ()
    go: GoSource | None = None
    rules: Rules | None = None
    image: PinnedImage | None = None

    def __post_init__(self) -> None:
        """Refuse, with `ValueError`, a version that must not run and an entry that cannot be obtained."""
        if reason := REFUSED.get((self.name, self.version)):
            raise ValueError(f"{self.name} {self.version} is refused: {reason}")
        if bool(self.host) != bool(self.folder):
            raise ValueError(f"{self.name} has `host` or `folder` but not both")
        if self.assets and not (self.repository or self.folder):
            raise ValueError(f"{self.name} has assets but no `repository`")
        if not self.assets and not self.go:
            raise ValueError(f"{self.name} has neither `assets` nor `go`")
        if self.image and self.image.version != self.version:
            raise ValueError(f"{self.name} is {self.version}, but its image is {self.image.version}")
        if repeated := _repeated(asset.platform for asset in self.assets):
            raise ValueError(f"{self.name} has two assets for {repeated}")

    def filled(self, text: str) -> str:
        """Return `text` with the version put in for `{version}`."""
        return text.replace("{version}", self.version)

    def asset_for(self, host: Host | None) -> Asset | None:
        """Return the release file for `host`; `None` when the table has no hash for one."""
        return next((asset for asset in self.assets if asset.platform == host), None)

    def program_hash(self, host: Host | None) -> str | None:
        """Return the SHA-256 of the released program for `host`; `None` when the table does not know it."""
        asset = self.asset_for(host)
        if asset is None:
            return None
        return asset.program if self.member else asset.sha256

    def release_path(self, name: str) -> str:
        """Return where the file `name` of the release is below its host (GitHub's form, unless there is a `folder`)."""
        folder = self.folder or f"{self.repository}/releases/download/v{{version}}"
        return self.filled(f"{folder}/{name}")

    def pin(self, host: Host | None) -> str:
        """Return what ties a cached program to this entry: it changes with all that decides the program's bytes."""
        source = (self.go.module, self.go.package, self.go.ldflags, self.go.experiment) if self.go else None
        decisive = (self.name, self.version, self.member, self.asset_for(host), source)
        return hashlib.sha256(msgspec.json.encode(decisive)).hexdigest()


def load(path: Path = TABLE) -> tuple[Tool, ...]:
    """Return the tools of the table at `path`. Raises `BadInput` with the path of the field that is wrong."""
    return parse(path.read_text(encoding="utf-8"), shown_as=path.name)


def parse(text: str, *, shown_as: str = TABLE.name) -> tuple[Tool, ...]:
    """Return the tools that `text` lists. Raises `BadInput` with the path of the field that is wrong."""
    try:
        tools = codec.convert(yaml.load(text, Loader=_QUICK), tuple[Tool, ...])  # noqa: S506  safe, both
    except (ValueError, yaml.YAMLError) as error:
        raise _invalid(shown_as, str(error)) from None
    if name := _repeated(tool.name for tool in tools):
        raise _invalid(shown_as, f"{name} is listed twice")
    return tools


def _invalid(shown_as: str, why: str) -> BadInput:
    return BadInput(f"The table of pinned tools, {shown_as}, is not valid", why=why, fix=f"Correct {shown_as}")


def _repeated(names: Iterable[str]) -> str | None:
    counted = Counter(names)
    return next((str(name) for name, times in counted.items() if times > 1), None)
