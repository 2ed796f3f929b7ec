"""Find the files of a checkout that differ from their commit, by their bytes and not by git's status.

git reports a fresh clone as changed if `.gitattributes` would store other bytes than were committed (CRLF under
`text eol=lf`), and reports a changed file as unchanged after `update-index --assume-unchanged`.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from goldenpath.delivery.checkout import checkout
from goldenpath.delivery.checkout.checkout import LFS_POINTER, is_checked_out
from goldenpath.shared import git
from goldenpath.shared.errors import ToolFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from goldenpath.delivery.checkout.checkout import Checkout, CheckoutFile

_AT_A_TIME = 200
_LFS_OBJECT = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)


def changed(source: Path, commit: str, checked_out: Checkout) -> tuple[str, ...]:
    """Return the paths of `checked_out` that differ from `commit`, and files that were added to the index since.

    A file whose bytes differ is unchanged if git or git-lfs would store it as the object in the commit.
    """
    root = git.top(source)
    paths = (
        *_edited(root, checked_out.other),
        *_removed(source, checked_out.absent),
        *_modes(source, checked_out.modes),
        *_added(source, commit),
        *(path for path, kept in checked_out.submodules.items() if _is_moved(root / path, kept)),
    )
    return tuple(sorted({os.fsencode(path).decode("utf-8", "replace") for path in paths}))


def _edited(root: Path, other: Sequence[CheckoutFile]) -> Iterator[str]:
    batches = (other[first : first + _AT_A_TIME] for first in range(0, len(other), _AT_A_TIME))
    edited = [file for batch in batches for file in _unlike(root, batch)]
    if edited:
        with git.asked(root) as ask:
            yield from (file.path for file in edited if _lfs_object(ask(file.kept)) != file.sha256)


def _unlike(root: Path, other: Sequence[CheckoutFile]) -> Iterable[CheckoutFile]:
    """Return those of `other` that git would store as another object than it has. A link is stored as it is."""
    files = [file for file in other if not file.place.is_symlink()]
    try:
        stored = git.run(root, "hash-object", "--", *(str(file.place.relative_to(root)) for file in files)).split()
    except ToolFailed:  # a required filter is not installed, so the result is unknown
        stored = [""] * len(files)
    same = {file for file, identity in zip(files, stored, strict=True) if identity == file.kept}
    return [file for file in other if file not in same]


def _lfs_object(kept: bytes) -> str:
    """Return the SHA-256 of the file that git-lfs writes for the pointer `kept`; empty if it is not a pointer."""
    match = _LFS_OBJECT.search(kept) if kept.startswith(LFS_POINTER) else None
    return match[1].decode() if match else ""


def _removed(source: Path, absent: Sequence[str]) -> Iterator[str]:
    """Yield those of `absent` that are not left out by a sparse checkout."""
    if absent:
        listed = git.output(source, "ls-files", "-t", "-z", "--full-name", "--", ":/").split(b"\0")
        sparse = {os.fsdecode(line[2:]) for line in listed if line.startswith(b"S ")}
        yield from (path for path in absent if path not in sparse)


def _modes(source: Path, modes: Sequence[str]) -> Sequence[str]:
    """Return `modes`, or nothing if the file system has no links or no executable bit."""
    return modes if modes and all(_has(source, f"core.{key}") for key in ("fileMode", "symlinks")) else ()


def _has(source: Path, key: str) -> bool:
    done = git.ask(source, "config", "--type=bool", "--get", key, accept=(0, 1))
    return done.stdout.strip() != b"false"


def _added(source: Path, commit: str) -> Iterable[str]:
    words = ("diff-index", "--cached", "--name-only", "--no-renames", "--diff-filter=A", "-z", commit, "--")
    return map(os.fsdecode, filter(None, git.output(source, *words).split(b"\0")))


def _is_moved(place: Path, kept: str) -> bool:
    """Return whether the submodule at `place` is checked out at another commit than `kept`, or was changed there."""
    if not is_checked_out(place):
        return False
    head = git.run(place, "rev-parse", "HEAD")
    return head != kept or bool(changed(place, head, checkout.read(place, head)))
