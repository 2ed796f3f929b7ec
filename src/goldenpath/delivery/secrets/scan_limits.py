"""Limit how much a scan unpacks. A file that a limit leaves unread becomes a finding, so nothing is skipped silently.

Every file of the app has its own budget, so that one archive cannot use up the budget of another, and all files share
a budget for the whole scan. docs/policy.md has the numbers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

# How deep archives may be nested.
DEPTH = 4
# Bytes that one file may unpack to: at least the first number, up to its size times the second, at most the third.
ALWAYS_UNPACKED, RATIO, UNPACKED_OF_ONE = 64 << 20, 100, 512 << 20
UNPACKED_OF_ALL = 2 << 30
MEMBERS_OF_ONE = 200_000
# Seconds for opening all archives, without the time of git and gitleaks.
SECONDS = 300.0
# Per file: places where a compressed stream may begin, and bytes that may be read to try them.
CANDIDATES, TRIED_RATIO, ALWAYS_TRIED = 20_000, 4, 64 << 20


class LimitReached(Exception):
    """A limit was reached. The message completes a sentence that begins with the name of a file."""


@dataclass
class ScanBudget:
    """The bytes and seconds that all files of one scan have used so far."""

    unpacked: int = 0
    seconds: float = 0.0

    def require_more(self) -> None:
        """Raise `LimitReached` when nothing more may be opened."""
        if self.unpacked > UNPACKED_OF_ALL:
            raise LimitReached(f"was not opened: the archives before it hold more than {_size(UNPACKED_OF_ALL)}")
        if self.seconds > SECONDS:
            raise LimitReached(f"was not opened: opening the archives before it took more than {SECONDS:.0f} seconds")


@dataclass
class FileBudget:
    """The budget of one file of the app, `size` bytes long, including everything packed in it."""

    whole: ScanBudget
    size: int
    unpacked: int = 0
    members: int = 0
    candidates: int = 0
    tried: int = 0
    _began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.allowed = min(max(ALWAYS_UNPACKED, self.size * RATIO), UNPACKED_OF_ONE)
        self._seconds_before = self.whole.seconds

    def take(self, size: int) -> None:
        """Count `size` more unpacked bytes. Raises `LimitReached`."""
        self.unpacked += size
        self.whole.unpacked += size
        if self.unpacked > self.allowed:
            raise LimitReached(f"holds more than {_size(self.allowed)}, the limit for a file of its size")
        if self.whole.unpacked > UNPACKED_OF_ALL:
            raise LimitReached(f"was not unpacked to its end: all archives hold more than {_size(UNPACKED_OF_ALL)}")
        self.check_time()

    def enter(self, depth: int) -> None:
        """Count one more member of an archive, `depth` archives deep. Raises `LimitReached`."""
        self.members += 1
        if depth == DEPTH:
            raise LimitReached(f"holds archives in archives, more than {DEPTH} deep")
        if self.members > MEMBERS_OF_ONE:
            raise LimitReached(f"holds more than {MEMBERS_OF_ONE:,} files")
        self.take(0)

    def attempt(self) -> None:
        """Count one more place where a compressed stream may begin. Raises `LimitReached`."""
        self.candidates += 1
        if self.candidates > CANDIDATES:
            raise LimitReached(f"has more than {CANDIDATES:,} places where a compressed stream may begin")
        self.check_time()

    def feed(self, size: int) -> None:
        """Count `size` more bytes that were given to a decompressor. Raises `LimitReached`."""
        self.tried += size
        if self.tried > max(ALWAYS_TRIED, (self.size + self.unpacked) * TRIED_RATIO):
            raise LimitReached("has compressed streams in one another, and not all were tried")

    def check_time(self) -> None:
        """Add the time since this file was opened to that of the scan. Raises `LimitReached`."""
        self.whole.seconds = self._seconds_before + time.monotonic() - self._began
        if self.whole.seconds > SECONDS:
            raise LimitReached(f"was not opened to its end: opening archives took more than {SECONDS:.0f} seconds")


def _size(count: int) -> str:
    return f"{count >> 20:,} MiB"
