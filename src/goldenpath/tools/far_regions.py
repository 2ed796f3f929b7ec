"""Where in a text a rule of gitleaks may read that reads farther than a few lines (`near_lines`), each such place once.

A file that holds such a word may have thousands of versions, and hardly any of them changes there.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.tools.near_lines import AT_MOST, FAR_WORDS
from goldenpath.tools.packed_files import OVERLAP

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of this rule a match may end with the word. All others begin with it.
_BACKWARDS = re.compile(r"\.ya?ml$", re.IGNORECASE)


@dataclass
class FarRegions:
    """The regions given so far, by the path and the hash of each."""

    _given: set[tuple[str, bytes]] = field(default_factory=set)

    def new(self, path: str, text: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield each region of `text` that no version of the file `path` had before, behind how many lines."""
        for begin, end in regions(path, text):
            region = text[begin:end]
            key = path, hashlib.sha256(region).digest()
            if key not in self._given:
                self._given.add(key)
                yield text.count(b"\n", 0, begin), region


def regions(path: str, text: bytes) -> list[tuple[int, int]]:
    """Return from where to where such a rule may read: whole lines, and at least as far as pieces overlap."""
    low, found = text.lower(), list[tuple[int, int]]()
    before = OVERLAP if _BACKWARDS.search(path) else 0
    words = b"|".join(re.escape(word) for word, name in FAR_WORDS if re.search(name, path, re.IGNORECASE))
    for match in re.finditer(words, low):
        begin = text.rfind(b"\n", 0, max(match.start() - before, 0)) + 1
        # With the lines that `near_lines.near` leaves to a region.
        for _ in range(AT_MOST):
            begin = text.rfind(b"\n", 0, max(begin - 1, 0)) + 1
        end = text.find(b"\n", match.start() + OVERLAP) + 1 or len(text)
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found
