"""Where in a text a rule of gitleaks may read that reads farther than a few lines (`line_windows`), each place once.

A file that holds such a word may have thousands of versions, and hardly any of them changes there.
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

# Of this rule a match may end with the word. All others begin with it.
_BACKWARDS = re.compile(r"\.ya?ml$", re.IGNORECASE)


@dataclass
class FarRegions:
    """The regions given so far, by the path and the hash of each."""

    _given: set[tuple[str, bytes]] = field(default_factory=set)

    def new(self, path: str, text: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the regions of `text` that no version of the file `path` had before, behind how many lines.

        Regions that touch come as one. A file may be full of them, and only those around a change are new.
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
    """Yield from where to where a far rule may read: whole lines, and at least as far as pieces overlap.

    There is one region for each place that has a word; places in one line share it.
    """
    low, last = text.lower(), (-1, -1)
    before = OVERLAP if _BACKWARDS.search(path) else 0
    words = b"|".join(re.escape(word) for word, name in FAR_WORDS if re.search(name, path, re.IGNORECASE))
    for match in re.finditer(words, low):
        begin = text.rfind(b"\n", 0, max(match.start() - before, 0)) + 1
        # With the lines that `line_windows.windows_around` leaves to a region.
        for _ in range(AT_MOST):
            begin = text.rfind(b"\n", 0, max(begin - 1, 0)) + 1
        end = text.find(b"\n", match.start() + OVERLAP) + 1 or len(text)
        if (begin, end) != last:
            yield begin, end
        last = begin, end


def merge_ranges(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the `ranges`, which are in order, with those that touch made one."""
    merged = list[tuple[int, int]]()
    for begin, end in ranges:
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return merged
