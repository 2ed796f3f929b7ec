"""Which blobs this process has proved to be what their digests say: each is read once, and several at once.

The stages of one delivery each prove the candidate whole before they work on it. A blob is read again where it is not
surely the file that was proved before (`FileStamp`). Nothing of this outlives the process.
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
    """Have `prove` read each file that is not proved to be its blob; it raises when one is not.

    Which of several errors is raised does not depend on which blob is read first. A stage in another thread waits, and
    then finds its blobs proved.
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
