"""Hold the lock of a file, so that one process at a time makes what is kept beside it."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(path: Path, kind: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold a lock on `path`; the kernel releases it when this process ends, however it ends.

    Raises `BlockingIOError` where another process holds it and `kind` says not to wait (`LOCK_NB`).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, kind)
        yield
