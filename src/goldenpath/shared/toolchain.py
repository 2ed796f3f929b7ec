"""Provide every program that the project starts, at the version and with the bytes of one pinned table.

A program comes from the cache while its recorded hash still matches, else from its release, checked against the hash in
the table before anything else happens to it, else, where no release can be downloaded, from its Go source. A wrong
hash stops everything. Reasons and layout of the cache: docs/adr/0003-toolchain.md; why a workflow run has a cache of
its own: docs/adr/0017-what-a-runner-may-have-kept.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TextIO

import msgspec

from goldenpath.shared import codec, gitleaks_rules, go_build, pins, runner
from goldenpath.shared.download import Releases, unpack
from goldenpath.shared.errors import BadInput, DiskTrouble, ToolHashMismatch, ToolMissing
from goldenpath.shared.program_hashes import ProgramHashes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from threading import Thread

    from goldenpath.shared.pins import Tool

RECORD = "record.json"
INSTALL = "run `goldenpath tools install`"


class ProgramOrigin(StrEnum):
    """Where a program in the cache came from."""

    RELEASE = "release"
    GO = "go"


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The record of a program in the cache, from when it was put there; `pin` ties it to its entry in the table."""

    version: str
    origin: ProgramOrigin
    sha256: str
    pin: str


@dataclass(frozen=True)
class Program:
    """A program that is here, its bytes checked a moment ago: its `origin` is `release` or `go`.

    It `is_pinned` when they were checked against the table, and not only against the record beside it. `rules` are
    those of gitleaks, checked too. `sha256` is that of its bytes.
    """

    name: str
    version: str
    path: Path
    origin: str
    is_pinned: bool = False
    rules: bytes = field(default=b"", repr=False)
    sha256: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True)
class Toolchain:
    """The pinned programs and the cache folder they are kept in; `say` reports what takes long."""

    cache: Path
    tools: tuple[Tool, ...]
    releases: Releases
    say: Callable[[str], None] = lambda _: None
    hashes: ProgramHashes = field(default_factory=ProgramHashes, compare=False)

    @classmethod
    def load(cls, cache: Path | None = None, *, say: Callable[[str], None] = lambda _: None) -> Toolchain:
        """Return the toolchain of the table in this package, kept in `cache` (`tools` in the project's cache folder).

        Raises `BadInput` when the table, or GOLDENPATH_RELEASES, is wrong.
        """
        return cls(cache or runner.cache_dir() / "tools", pins.load(), Releases.from_environment(), say)

    def entries(self, group: str | None = None) -> tuple[Tool, ...]:
        """Return the entries of the table, only those of `group` (`pipeline`, `local`, …) when one is named."""
        return tuple(tool for tool in self.tools if group is None or tool.group == pins.Group(group))

    def hash_ahead(self, names: Sequence[str]) -> Thread:
        """Hash the programs `names` that are here, in a thread, which is returned; each is checked when it is provided.

        Raises `BadInput` when the table does not know one.
        """
        tools = map(self._entry, names)
        return self.hashes.make_ahead([self._home(tool) / tool.name for tool in tools])

    def provide(self, name: str) -> Program:
        """Return the program `name`, obtaining it first when it is not here; another process that does so is awaited.

        Raises `ToolHashMismatch` when bytes are not the pinned or recorded ones, `ToolMissing` when no source has it,
        `BadInput` when the table does not know the name, `DiskTrouble` when the cache folder cannot be written.
        """
        if installed := self.installed(name):
            return installed
        tool = self._entry(name)
        with self._alone(tool):
            return self.installed(name) or self._obtain(tool)

    def installed(self, name: str) -> Program | None:
        """Return the program `name` from the cache, its bytes hashed again.

        `None` means it is not here at the version and pin of the table. Raises `ToolHashMismatch` when it is here but
        its bytes changed, `BadInput` when the table does not know the name.
        """
        tool = self._entry(name)
        path = self._home(tool) / tool.name
        try:
            record = codec.decode((path.parent / RECORD).read_bytes(), Record)
            if record.pin != tool.pin(pins.Host.here()):
                return None
            sha256 = self.hashes.of(path)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise _changed(path, f"its record cannot be read: {error}") from error
        except OSError as error:
            raise _disk_trouble(error, path) from error
        if sha256 != record.sha256:
            raise _changed(path, f"SHA-256 is {sha256}, recorded was {record.sha256}")
        return _checked(tool, path, record.origin, sha256)

    def _entry(self, name: str) -> Tool:
        for tool in self.tools:
            if tool.name == name:
                return tool
        known = ", ".join(tool.name for tool in self.tools)
        raise BadInput(f"{name!r} is not a tool of this project", fix=f"Name one of: {known}")

    def _home(self, tool: Tool) -> Path:
        return self.cache / f"{tool.name}-{tool.version}"

    @contextlib.contextmanager
    def _alone(self, tool: Tool) -> Iterator[None]:
        """Hold the lock of `tool`: one process at a time obtains it, the others wait and find it in the cache."""
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            file = (self.cache / f".{tool.name}.lock").open("w")
        except OSError as error:
            raise _disk_trouble(error, self.cache) from error
        with file:
            self._lock(file, tool)
            yield

    def _lock(self, file: TextIO, tool: Tool) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.say(f"waiting for another process that is getting {tool.name} {tool.version}")
            fcntl.flock(file, fcntl.LOCK_EX)

    def _obtain(self, tool: Tool) -> Program:
        """Put `tool` into the cache, whole or not at all, from the first source that has it."""
        # Only the holder of the lock uses this folder, so what is found in it was left by a process that was killed.
        part = self.cache / f".part-{tool.name}"
        try:
            shutil.rmtree(part, ignore_errors=True)
            ready = part / "ready"
            ready.mkdir(parents=True)
            return self._keep(tool, ready, self._from_any_source(tool, ready))
        except OSError as error:
            raise _disk_trouble(error, self.cache) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _from_any_source(self, tool: Tool, ready: Path) -> ProgramOrigin:
        refusals: list[ToolMissing] = []
        sources = {ProgramOrigin.RELEASE: self._from_release, ProgramOrigin.GO: self._from_go}
        for origin, obtain in sources.items():
            try:
                obtain(tool, ready)
            except ToolMissing as error:
                refusals.append(error)
            else:
                return origin
        raise ToolMissing(
            f"{tool.name} {tool.version} is not on this machine and cannot be obtained",
            why="; ".join(f"{error.what} ({error.why})" if error.why else error.what for error in refusals),
            fix="get access to github.com or name a mirror of it in GOLDENPATH_RELEASES, or install Go; then "
            + INSTALL,
        )

    def _from_release(self, tool: Tool, ready: Path) -> None:
        asset = tool.asset_for(pins.Host.here())
        if asset is None:
            raise ToolMissing("Its release has no pinned file for this kind of machine", fix=INSTALL)
        if not self.releases.is_silent:
            self.say(f"downloading {tool.name} {tool.version}")
        archive = ready.with_name("asset")
        releases = self.releases.at(tool.host) if tool.host else self.releases
        releases.fetch_pinned(tool.release_path(asset.name), asset.sha256, archive)
        if tool.member:
            unpack(archive, tool.member, ready / tool.name)
        else:
            archive.rename(ready / tool.name)

    def _from_go(self, tool: Tool, ready: Path) -> None:
        if tool.go:
            self.say(f"building {tool.name} {tool.version} with Go, about {_duration(tool.go.expected_seconds)}")
        go_build.build(tool, ready / tool.name, self.cache.parent / "go")

    def _keep(self, tool: Tool, ready: Path, origin: ProgramOrigin) -> Program:
        """Move the finished `ready` into its place in the cache, where an outdated one may be."""
        path = ready / tool.name
        path.chmod(0o755)
        record = Record(tool.version, origin, self.hashes.of(path), tool.pin(pins.Host.here()))
        _checked(tool, path, origin, record.sha256)
        (ready / RECORD).write_bytes(msgspec.json.encode(record) + b"\n")
        home, old = self._home(tool), self.cache / f".old-{tool.name}"
        shutil.rmtree(old, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            home.rename(old)
        ready.rename(home)
        shutil.rmtree(old, ignore_errors=True)
        return _checked(tool, home / tool.name, origin, record.sha256)


def _checked(tool: Tool, path: Path, origin: ProgramOrigin, sha256: str) -> Program:
    """Return the program at `path` with the hash `found`.

    Raises `ToolHashMismatch` when the table pins another, or other rules in it.
    """
    pinned = tool.program_hash(pins.Host.here()) if origin is ProgramOrigin.RELEASE else None
    if pinned and sha256 != pinned:
        raise ToolHashMismatch(
            f"{path} is not the program of the release; it was not executed",
            why=f"SHA-256 is {sha256}, pinned is {pinned}",
            fix=f"Find out who changed it; then remove the folder {path.parent} and {INSTALL}",
        )
    rules = gitleaks_rules.read(path, tool.rules) if tool.rules else b""
    return Program(tool.name, tool.version, path, origin, is_pinned=bool(pinned), rules=rules, sha256=sha256)


def _duration(seconds: int) -> str:
    minute = 60
    if seconds < minute:
        return f"{seconds} seconds"
    minutes = round(seconds / minute)
    return f"{minutes} minute{'s' if minutes > 1 else ''}"


def _changed(path: Path, why: str) -> ToolHashMismatch:
    return ToolHashMismatch(
        f"{path} changed since it was put in the cache; it was not executed",
        why=why,
        fix=f"Find out who changed it; then remove the folder {path.parent} and {INSTALL}",
    )


def _disk_trouble(error: OSError, path: Path) -> DiskTrouble:
    return DiskTrouble(
        f"The tools cannot be kept in {error.filename or path}",
        why=error.strerror or str(error),
        fix="Free some space, or name another folder in GOLDENPATH_CACHE, then run again",
    )
