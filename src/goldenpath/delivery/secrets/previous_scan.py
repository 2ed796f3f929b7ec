"""What an earlier scan of this checkout found, so that the next one reads only what came since.

It is kept at a terminal only, in the cache of the person there: whoever can write it decides what a scan leaves out
(docs/adr/0036-what-was-scanned-before.md). A commit's id names all that was scanned: none of it can have changed.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from goldenpath.delivery.scanners import result_cache
from goldenpath.delivery.secrets.gitleaks import Leak
from goldenpath.shared import codec, digest_prefix, git, protection, runner
from goldenpath.shared.errors import DiskTrouble, FolderUntrusted
from goldenpath.shared.names import Commit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.delivery.secrets.git_objects import ScanRange
    from goldenpath.shared.toolchain import Program

_FOLDER, _ENDING = "scanned", ".json"
# Checkouts; what was scanned longest ago is forgotten first.
_KEPT_AT_MOST = 50
# Where there are more, the time of a scan is not what people wait for.
_LEAKS_AT_MOST = 20_000


class LeakWithCommit(Struct, frozen=True):
    """A `leak`, and the commit that brought it; empty where none did."""

    leak: Leak
    commit: str


class PreviousScan(Struct, frozen=True):
    """All that was found in the history of `commit`, which is `commits` long, and in its tree.

    `tags` are the annotated tags there were, with the commit that each names. `notes` say what cannot be looked into.
    """

    commit: str
    commits: int
    tags: dict[str, str]
    leaks: tuple[LeakWithCommit, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def nothing(cls) -> PreviousScan:
        """Return a scan of no commit at all."""
        return cls("", 0, {})


class _ScanRecord(Struct, frozen=True):
    """A `scan` by `scanner`."""

    scanner: str
    scan: PreviousScan


def find(source: Path, wanted: ScanRange, tags: Mapping[str, str], program: Program) -> PreviousScan | None:
    """Return a scan of the checkout `source` that `wanted` builds on, by the same program, rules and code.

    `None` where there is none. A record that is damaged, or that others could write, counts as none.
    """
    if not result_cache.are_ours():
        return None
    try:
        kept = codec.decode(digest_prefix.opened(record_path(source).read_bytes()), _ScanRecord)
    except (OSError, ValueError, FolderUntrusted):
        return None
    if kept.scanner != _identity(program):
        return None
    scan = kept.scan
    if not git.is_ancestor(wanted.history, Commit(scan.commit), Commit(wanted.commit)):
        return None
    return scan if _tags_are_the_same(scan, wanted, tags) else None


def _tags_are_the_same(scan: PreviousScan, wanted: ScanRange, tags: Mapping[str, str]) -> bool:
    """Tell whether every tag is one that there was, or names a commit that came since."""
    if any(tags.get(tag) != named for tag, named in scan.tags.items()):
        return False
    added = {named for tag, named in tags.items() if tag not in scan.tags}
    return not added or added.issubset(wanted.since(scan.commit).commits)


def keep(source: Path, program: Program, scan: PreviousScan) -> None:
    """Keep a `scan` of the checkout `source` for the next one, where that is worth it and nobody else can write it."""
    if not result_cache.are_ours() or len(scan.leaks) > _LEAKS_AT_MOST:
        return
    with suppress(OSError, DiskTrouble, FolderUntrusted):
        kept = record_path(source)
        codec.write_bytes(
            kept, digest_prefix.seal(msgspec.json.encode(_ScanRecord(_identity(program), scan), enc_hook=str))
        )
        others = sorted(kept.parent.glob(f"*{_ENDING}"), key=lambda path: path.stat().st_mtime)
        for old in others[:-_KEPT_AT_MOST]:
            old.unlink(missing_ok=True)


def record_path(source: Path) -> Path:
    """Return the file in which the scan of the checkout `source` is kept. Raises `FolderUntrusted`."""
    folder = protection.private_folder(runner.cache_dir() / _FOLDER)
    return folder / f"{_digest(str(source.resolve()).encode())[:32]}{_ENDING}"


def _identity(program: Program) -> str:
    """Return what tells the program, as it is pinned, its rules and our own code from any other."""
    hasher = hashlib.sha256(f"{program.version}\0{program.origin}\0{_digest(program.rules)}".encode())
    for path in sorted(Path(__file__).parent.glob("*.*")):
        if path.suffix in {".py", ".yaml"}:
            hasher.update(path.read_bytes())
    return hasher.hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
