"""The SHA-256 of installed programs; some are made ahead, while another program works.

A hash that was made ahead counts only while the file is surely the one that was read: the same inode, size, and time of
its last change. The kernel writes that time, and nobody but root can set it. A file that changed a moment before it was
read could change again within the same tick of the kernel's clock, so it is read when it is needed, as is every file
for the second time. Source: inode(7), `st_ctim`.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# File systems keep times as coarse as two seconds.
_OLD_ENOUGH = 3 * 10**9


@dataclass(frozen=True)
class _Hashed:
    """What a file held while it was what `stamp` says; `settled` when no later change can have the same stamp."""

    sha256: str
    stamp: tuple[int, ...]
    settled: bool


class ProgramHashes:
    """The hashes of programs: each is made when it is asked for, or ahead and then good for one time."""

    def __init__(self) -> None:
        self._ahead: dict[Path, Future[_Hashed | None]] = {}

    def make_ahead(self, paths: Sequence[Path]) -> threading.Thread:
        """Hash the files `paths` in this order, in a thread, which is returned; the process may end without it."""
        self._ahead = {path: Future() for path in paths}
        thread = threading.Thread(target=_make, args=(dict(self._ahead),), name="hashes", daemon=True)
        thread.start()
        return thread

    def of(self, path: Path) -> str:
        """Return the SHA-256 of the file `path` as it is now. Raises `OSError`."""
        waiting = self._ahead.pop(path, None)
        made = waiting.result() if waiting else None
        if made is not None and made.settled and made.stamp == _stamp(path.stat()):
            return made.sha256
        return _hashed(path).sha256


def _make(ahead: dict[Path, Future[_Hashed | None]]) -> None:
    for path, promised in ahead.items():
        try:
            promised.set_result(_hashed(path))
        except OSError:
            promised.set_result(None)  # whoever needs the program finds out what is wrong with it


def _hashed(path: Path) -> _Hashed:
    with path.open("rb") as file:
        before, began = os.fstat(file.fileno()), time.time_ns()
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return _Hashed(sha256, _stamp(before), before.st_ctime_ns < began - _OLD_ENOUGH)


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mode, found.st_mtime_ns, found.st_ctime_ns)
