"""Recognise a file that was read before by its inode, its size and the time of its last change.

The kernel writes that time whenever a file's bytes, name or permissions change, and nobody but root can set it. A file
that changed a moment before it was read could change again within the same tick of the clock, with the same stamp:
such a stamp is not settled, and proves nothing. Sources: inode(7), `st_ctim`; time(7), "The software clock": a tick
takes 10 milliseconds at most. Why this is enough: docs/adr/0035-proved-once.md.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

_TICK = 10_000_000
# In nanoseconds: by far longer than a tick, and longer than the two seconds in which the coarsest file systems count.
OLD_ENOUGH, OLD_ENOUGH_WHERE_COARSE = 10 * _TICK, 3 * 10**9


@dataclass(frozen=True)
class FileStamp:
    """Which file it is, and when it changed last; it proves nothing unless it was settled when it was taken."""

    fields: tuple[int, ...]
    is_settled: bool

    @classmethod
    def of(cls, status: os.stat_result) -> FileStamp:
        """Return the stamp of a file whose state is `found`; take it before the file is read."""
        changed = status.st_ctime_ns
        age = OLD_ENOUGH if changed % _TICK else OLD_ENOUGH_WHERE_COARSE
        fields = (status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, changed)
        return cls(fields, changed < time.time_ns() - age)

    def proves(self, status: os.stat_result) -> bool:
        """Tell whether a file that is now as `found` is surely still what was read after this stamp was taken."""
        return self.is_settled and self.fields == FileStamp.of(status).fields
