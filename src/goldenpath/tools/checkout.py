"""The files that are checked out, byte by byte: what is built, whatever git's settings make of what git keeps.

`.gitattributes` can have git write other bytes than it keeps (`working-tree-encoding`, `ident`, filters, git-lfs, ends
of lines), and git itself calls such a file unchanged. Source: gitattributes(5), and git-hash-object(1) for a blob's id.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.tools import git

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINK, _FILE, _ABSENT = "link", "file", "absent"
_CHUNK = 1 << 20
_SHA1_LENGTH = 40


@dataclass(frozen=True)
class File:
    """A file of the checkout that is not what git keeps: its `path` in the repository, where it is, and its SHA-256."""

    path: str
    place: Path
    sha256: str

    def content(self) -> Iterator[bytes]:
        """Yield the bytes that are there."""
        if self.place.is_symlink():
            yield _target(self.place)
            return
        with self.place.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


@dataclass(frozen=True)
class Checkout:
    """The files of a commit as they are on disk. `digest` is of their paths and bytes; `other` differ from git's."""

    digest: str
    other: tuple[File, ...]


def read(source: Path, commit: str) -> Checkout:
    """Return how the files of `commit` are checked out in `source`. Files that git does not keep are not looked at."""
    root = Path(git.run(source, "rev-parse", "--show-toplevel"))
    digest, other = hashlib.sha256(), list[File]()
    for identity, path in _kept(source, commit):
        place = root / os.fsdecode(path)
        kind, found, sha256 = _hashed(place, identity)
        digest.update(f"{kind} {sha256} ".encode() + path + b"\0")
        if kind != _ABSENT and found != identity:
            other.append(File(path.decode("utf-8", "replace"), place, sha256))
    return Checkout(digest.hexdigest(), tuple(other))


def _kept(source: Path, commit: str) -> Iterator[tuple[str, bytes]]:
    for line in git.output(source, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        head, _, path = line.partition(b"\t")
        if head and head.split()[1] == b"blob":
            yield head.split()[2].decode(), path


def _hashed(place: Path, identity: str) -> tuple[str, str, str]:
    """Return what is at `place`, the id that git would give its bytes, and their SHA-256."""
    try:
        status = place.lstat()
        if stat.S_ISLNK(status.st_mode):
            target = _target(place)
            return _LINK, *_hashes(identity, len(target), iter([target]))
        if stat.S_ISREG(status.st_mode):
            return _FILE, *_hashes(identity, status.st_size, File("", place, "").content())
    except (FileNotFoundError, NotADirectoryError):
        pass
    return _ABSENT, "", ""


def _target(link: Path) -> bytes:
    return os.fsencode(link.readlink())


def _hashes(identity: str, size: int, content: Iterator[bytes]) -> tuple[str, str]:
    # git's own choice of a hash; nothing is trusted by it alone.
    as_git = hashlib.sha1(usedforsecurity=False) if len(identity) == _SHA1_LENGTH else hashlib.sha256()
    ours = hashlib.sha256()
    as_git.update(b"blob %d\0" % size)
    for chunk in content:
        as_git.update(chunk)
        ours.update(chunk)
    return as_git.hexdigest(), ours.hexdigest()
