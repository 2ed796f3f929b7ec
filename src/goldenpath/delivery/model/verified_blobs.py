"""Verify the blobs of a layout against their digests, in parallel, and every blob once in a process.

Every stage of a delivery verifies the whole candidate before it works on it. A blob is read again if it may not be the
file that was verified before (`FileStamp`). Nothing of this outlives the process.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

from goldenpath.shared.file_stamp import FileStamp

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from goldenpath.delivery.model.layout import Descriptor
    from goldenpath.shared.names import Digest

    Prove = Callable[[Path, Descriptor], None]

_AT_ONCE = 4
_turn = Lock()
_proved: dict[tuple[Path, Digest, int], FileStamp] = {}


def require_all(blobs: Iterable[tuple[Path, Descriptor]], prove: Prove) -> None:
    """Call `prove` for every file that is not verified yet; it raises if the file is not its blob.

    Of several errors, the one of the first blob in `blobs` is raised, whichever blob is read first. A stage in another
    thread waits until its blobs are verified.
    """
    with _turn, ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="blobs") as pool:
        unproved = [(path, blob) for path, blob in blobs if not _is_proved(path, blob)]
        for proof in [pool.submit(_require, path, blob, prove) for path, blob in unproved]:
            proof.result()


def _require(path: Path, blob: Descriptor, prove: Prove) -> None:
    status = _status(path)
    stamp = FileStamp.of(status) if status else None
    prove(path, blob)
    if stamp:
        _proved[path.absolute(), blob.digest, blob.size] = stamp


def _is_proved(path: Path, blob: Descriptor) -> bool:
    stamp = _proved.get((path.absolute(), blob.digest, blob.size))
    status = _status(path)
    return stamp is not None and status is not None and stamp.proves(status)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None  # who reads it says what is wrong with it
