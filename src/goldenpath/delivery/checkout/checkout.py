"""Read the checked-out files byte by byte, because the build uses these bytes and not those that git stores.

`.gitattributes` can make git write other bytes than it stores (`working-tree-encoding`, `ident`, filters, git-lfs, line
ends), and git itself calls such a file unchanged. Source: gitattributes(5), and git-hash-object(1) for a blob's id.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.shared import git

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# The modes that git stores.
_FILE, _PROGRAM, _LINK, _SUBMODULE = "100644", "100755", "120000", "160000"
# Source: the specification of git-lfs, "The Pointer".
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1"
_POINTER_SIZE = 1024
_CHUNK = 1 << 20
_SHA1_LENGTH = 40


@dataclass(frozen=True)
class CheckoutFile:
    """A file of the checkout that differs from git's object: its `path` in the repository, its `place` and its SHA-256.

    `kept` is the id of the object that git stores at this path.
    """

    path: str
    place: Path
    sha256: str
    kept: str = ""

    def content(self) -> Iterator[bytes]:
        """Yield the bytes of the file, or the target of a link."""
        if self.place.is_symlink():
            yield _target(self.place)
            return
        with self.place.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


@dataclass(frozen=True)
class Checkout:
    """The files of a commit as they are on disk. `digest` covers their paths and bytes; `other` differ from git's.

    `absent` are missing. `modes` are links instead of files or files instead of links, or differ in whether they can be
    executed. `pointers` contain a pointer of git-lfs instead of the file. `submodules` maps the path of a submodule to
    the commit that it should be at, and `within` are the files of submodules that are checked out.
    """

    digest: str
    other: tuple[CheckoutFile, ...]
    absent: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()
    submodules: Mapping[str, str] = field(default_factory=dict)
    within: tuple[CheckoutFile, ...] = ()


@dataclass(frozen=True)
class _FileOnDisk:
    """A file on disk: its kind, the id that git would give its bytes, and their SHA-256."""

    kind: str = "absent"
    identity: str = ""
    sha256: str = ""
    mode: str = ""
    is_pointer: bool = False


def read(source: Path, commit: str) -> Checkout:
    """Return how the files of `commit` are checked out in `source`. Untracked files are not read."""
    reading = _CheckoutReader()
    reading.add(git.top(source), commit)
    return Checkout(
        reading.digest.hexdigest(), tuple(reading.other), tuple(reading.absent), tuple(reading.modes),
        tuple(reading.pointers), reading.submodules, tuple(reading.within),
    )  # fmt: skip


def is_checked_out(submodule: Path) -> bool:
    """Return whether the folder of a submodule is a checkout of its own."""
    return (submodule / ".git").exists()


class _CheckoutReader:
    """Reads the files of a checkout and collects those that differ."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.other, self.within = list[CheckoutFile](), list[CheckoutFile]()
        self.absent, self.modes, self.pointers = list[str](), list[str](), list[str]()
        self.submodules = dict[str, str]()

    def add(self, root: Path, commit: str, prefix: bytes = b"") -> None:
        """Read the files of `commit` below `root`, whose path in the app's repository is `prefix`."""
        for mode, _, kept, path in git.tree(root, commit):
            place, full = root / os.fsdecode(path), prefix + path
            if mode == _SUBMODULE:
                self.submodules[_decoded(full)] = kept
                if is_checked_out(place):
                    self.add(place, git.run(place, "rev-parse", "HEAD"), full + b"/")
            else:
                self._look(place, mode, kept, full, is_within=bool(prefix))

    def _look(self, place: Path, mode: str, kept: str, path: bytes, *, is_within: bool) -> None:
        seen = _look(place, kept)
        self.digest.update(f"{seen.kind} {seen.sha256} ".encode() + path + b"\0")
        if seen.is_pointer:
            self.pointers.append(_decoded(path))
        file = CheckoutFile(_decoded(path), place, seen.sha256, kept)
        if is_within:
            self.within += [file] if seen.mode else []
        elif not seen.mode:
            self.absent.append(os.fsdecode(path))
        else:
            self.other += [file] if seen.identity != kept else []
            self.modes += [file.path] if seen.mode != mode else []


def _decoded(path: bytes) -> str:
    return path.decode("utf-8", "replace")


def _look(place: Path, kept: str) -> _FileOnDisk:
    """Return the file at `place`; the length of the id `kept` shows which hash git uses."""
    try:
        status = place.lstat()
        if stat.S_ISLNK(status.st_mode):
            target = _target(place)
            return _FileOnDisk("link", *_hashes(kept, len(target), iter([target])), _LINK)
        if stat.S_ISREG(status.st_mode):
            hashes = _hashes(kept, status.st_size, CheckoutFile("", place, "").content())
            mode = _PROGRAM if status.st_mode & stat.S_IXUSR else _FILE
            is_pointer = status.st_size < _POINTER_SIZE and place.read_bytes().startswith(LFS_POINTER)
            return _FileOnDisk("file", *hashes, mode, is_pointer=is_pointer)
    except (FileNotFoundError, NotADirectoryError):
        pass
    return _FileOnDisk()


def _target(link: Path) -> bytes:
    return os.fsencode(link.readlink())


def _hashes(identity: str, size: int, content: Iterator[bytes]) -> tuple[str, str]:
    # The repository chooses this hash; nothing is trusted because of it.
    as_git = hashlib.sha1(usedforsecurity=False) if len(identity) == _SHA1_LENGTH else hashlib.sha256()
    ours = hashlib.sha256()
    as_git.update(b"blob %d\0" % size)
    for chunk in content:
        as_git.update(chunk)
        ours.update(chunk)
    return as_git.hexdigest(), ours.hexdigest()
