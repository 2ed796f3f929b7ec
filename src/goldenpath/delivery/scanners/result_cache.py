"""Keep results of scans at a terminal, so that nothing is analysed twice: docs/adr/0034-kept-scans.md.

Each result is a folder named by the digest of everything that it depends on. Its record has the SHA-256 of each file in
it; where one differs, the folder is emptied, and the scan runs as if nothing had been kept. A workflow run keeps and
reads none: on a runner that is kept, the code of an earlier job could have written it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from goldenpath.shared import codec, digest_prefix, protection, runner
from goldenpath.shared.errors import DiskTrouble, FolderUntrusted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from goldenpath.shared.toolchain import Program

FOLDER = "scans"
# Bytes of all results; those that were not used for the longest time are removed beyond it.
LARGEST = 512 << 20
# Seconds between two removals. To look at thousands of results takes a fifth of a second, in each stage of a delivery.
REMOVED_EVERY = 3600.0
_NO_FILES: Mapping[str, bytes] = MappingProxyType({})
_RECORD, _LOCK, _PRUNED = "record.json", ".lock", ".pruned"


class _ResultRecord(Struct, frozen=True):
    files: dict[str, str]
    facts: dict[str, str]


@dataclass
class KeptResult:
    """The result in `folder`, which this process has for itself; `facts` are empty where nothing usable is there."""

    folder: Path
    facts: dict[str, str] = field(default_factory=dict)
    has_grown: bool = False

    def keep(self, facts: dict[str, str], files: Mapping[str, bytes] = _NO_FILES) -> None:
        """Keep what is in the folder, and `files`, with `facts` about them. A full disk keeps nothing."""
        self.facts, self.has_grown = facts, True
        try:
            for name, content in files.items():
                codec.write_bytes(self.folder / name, content)
            codec.write_bytes(
                self.folder / _RECORD,
                digest_prefix.seal(msgspec.json.encode(_ResultRecord(_digests(self.folder), facts))),
            )
        except (DiskTrouble, OSError):
            self.forget()

    def forget(self) -> bool:
        """Remove everything that is in the folder, and tell whether it is gone."""
        self.facts = {}
        try:
            for path in self.folder.iterdir():
                if path.name != _LOCK:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError:
            return False
        return True

    def load(self) -> bool:
        """Read the record, and tell whether the folder can be used. Whatever is not as the record says is removed."""
        try:
            record = codec.decode(digest_prefix.opened((self.folder / _RECORD).read_bytes()), _ResultRecord)
            if record.files == _digests(self.folder):
                self.facts = record.facts
                return True
        except (OSError, ValueError):
            pass
        return self.forget()


@dataclass(frozen=True)
class KeptResults:
    """The results in `folder`, which is this user's own; without a folder nothing is kept."""

    folder: Path | None = None

    @contextmanager
    def result(self, *depends_on: str) -> Iterator[KeptResult | None]:
        """Give the result that depends on these words; `None` where another process uses it, or it cannot be kept."""
        name = hashlib.sha256(repr(depends_on).encode("utf-8", "surrogatepass")).hexdigest()
        if self.folder is None:
            yield None
            return
        result = KeptResult(self.folder / name)
        try:
            lock = _locked(result.folder)
        except (OSError, FolderUntrusted):
            yield None
            return
        try:
            yield result if result.load() else None
        finally:
            with suppress(OSError):
                os.utime(result.folder)
            os.close(lock)
            if result.has_grown:
                _prune(self.folder)


def _prune(folder: Path) -> None:
    """Remove the results in `folder` that were not used for the longest time, until the others are small enough.

    Nothing is looked at within `REMOVED_EVERY` of the last time, which the age of a file in `folder` tells.
    """
    with suppress(OSError):
        if _was_pruned(folder / _PRUNED):
            return
        (folder / _PRUNED).touch()
        total = 0
        results = (path for path in folder.iterdir() if path.name != _PRUNED)
        for result in sorted(results, key=lambda path: path.stat().st_mtime, reverse=True):
            total += sum(path.stat().st_size for path in result.rglob("*") if path.is_file())
            if total > LARGEST:
                _remove(result)


def _was_pruned(stamp: Path) -> bool:
    """Tell whether the last removal is not long ago; one in the future, after a clock was set back, does not count."""
    try:
        return 0 <= time.time() - stamp.stat().st_mtime < REMOVED_EVERY
    except FileNotFoundError:
        return False


def _remove(folder: Path) -> None:
    with suppress(OSError, FolderUntrusted):
        lock = _locked(folder)
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked(folder: Path) -> int:
    """Return the lock of the result in `folder`. Raises `OSError` when another process holds it."""
    folder = protection.private_folder(folder)
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It may have been removed since it was opened.
        if os.fstat(lock).st_ino != (folder / _LOCK).stat().st_ino:
            raise BlockingIOError
    except OSError:
        os.close(lock)
        raise
    return lock


NOTHING_KEPT = KeptResults()


def are_ours() -> bool:
    """Tell whether only the user can have written what is kept. In a workflow run nobody knows."""
    return not runner.in_actions()


def here() -> KeptResults:
    """Return the results that this machine keeps: none in a workflow run, and none where others can write to them."""
    if not are_ours():
        return NOTHING_KEPT
    try:
        return KeptResults(protection.private_folder(runner.cache_dir() / FOLDER))
    except FolderUntrusted:
        return NOTHING_KEPT


def of(program: Program) -> KeptResults:
    """Return the results of a program that this machine keeps: none where its bytes are not known."""
    return here() if program.sha256 else NOTHING_KEPT


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in {_RECORD, _LOCK}
    }
