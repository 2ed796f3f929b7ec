"""Select the regions of a text that a far rule of gitleaks may read (`line_windows`), without repeats.

A file with a word of a far rule may have thousands of versions, few of which change near that word.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.delivery.secrets.line_windows import AT_MOST, FAR_WORDS
from goldenpath.delivery.secrets.scan_batches import OVERLAP

if TYPE_CHECKING:
    from collections.abc import Iterator

# Matches of this rule may end with its word. Matches of all other far rules begin with it.
_BACKWARDS = re.compile(r"\.ya?ml$", re.IGNORECASE)


@dataclass
class FarRegions:
    """The regions that were returned so far, as pairs of path and hash."""

    _given: set[tuple[str, bytes]] = field(default_factory=set)

    def new(self, path: str, text: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the regions of `text` that no earlier version of the file `path` had, and the number of lines before.

        Regions that touch are merged. A file may be full of them, and only those around a change are new.
        """
        changed = [(begin, end) for begin, end in regions(path, text) if self._is_new(path, text[begin:end])]
        for begin, end in merge_ranges(changed):
            yield text.count(b"\n", 0, begin), text[begin:end]

    def _is_new(self, path: str, region: bytes) -> bool:
        key = path, hashlib.sha256(region).digest()
        if key in self._given:
            return False
        self._given.add(key)
        return True


def regions(path: str, text: bytes) -> Iterator[tuple[int, int]]:
    """Yield begin and end of every region that a far rule may read: whole lines, at least as long as pieces overlap.

    There is one region for every occurrence of a word; occurrences in one line share it.
    """
    low, last = text.lower(), (-1, -1)
    before = OVERLAP if _BACKWARDS.search(path) else 0
    words = b"|".join(re.escape(word) for word, name in FAR_WORDS if re.search(name, path, re.IGNORECASE))
    for match in re.finditer(words, low):
        begin = text.rfind(b"\n", 0, max(match.start() - before, 0)) + 1
        # Include the lines that `line_windows.windows_around` leaves to a region.
        for _ in range(AT_MOST):
            begin = text.rfind(b"\n", 0, max(begin - 1, 0)) + 1
        end = text.find(b"\n", match.start() + OVERLAP) + 1 or len(text)
        if (begin, end) != last:
            yield begin, end
        last = begin, end


def merge_ranges(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the sorted `ranges`, with those that touch merged."""
    merged = list[tuple[int, int]]()
    for begin, end in ranges:
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return merged
