"""Compute the SHA-256 of installed programs, some ahead of time, while another program works.

A hash from ahead of time counts once, and only while the file is certainly the one that was read (`FileStamp`).
Otherwise the file is read when its hash is needed, as every file is for the second time.
"""

from __future__ import annotations

import hashlib
import os
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.shared.file_stamp import FileStamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class _Hashed:
    """The hash of a file while it had the `stamp`."""

    sha256: str
    stamp: FileStamp


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
        if made is not None and made.stamp.proves(path.stat()):
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
        stamp = FileStamp.of(os.fstat(file.fileno()))
        return _Hashed(hashlib.file_digest(file, "sha256").hexdigest(), stamp)
