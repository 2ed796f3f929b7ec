"""Files for a scanner that reads each at one look, and where in the repository what it finds there is.

gitleaks looks at 100,000 bytes at a time, and would not see a secret across two looks: a longer content is in pieces,
each of which begins with the end of the one before. Short ones share a file, since to make a file takes longer than to
read it. The first line says that a file is a picture, of the one kind that gitleaks reads like a text: what says
"ustar" at byte 257, "DICM" at 128 or "CD001" at 32,769 would be left out otherwise (h2non/filetype, which asks for
pictures first).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FIRST_LINE = b"GIF\n"
PIECE, OVERLAP = 96_000, 16_000
_SHORT = 16_000
# No rule looks past this, from one content into the next; those that look as far as they like have these words.
_BETWEEN = b"\n" + (b"#" * 79 + b"\n") * 5
_FAR = re.compile(rb"-----begin|curl", re.IGNORECASE)
# Some rules are for names with these endings only.
_ENDING = re.compile(r"(?i)(\.php|\.tf|\.hcl|\.ya?ml|nuget\.config|\.p12|\.pfx)$")


@dataclass
class PackedFiles:
    """Files in the new `folder`; `size` is how many bytes are in them, archives aside."""

    folder: Path
    size: int = 0
    _places: dict[str, list[tuple[int, str, int]]] = field(default_factory=dict)
    _pack: bytearray = field(default_factory=bytearray)
    _in_pack: list[tuple[int, str, int]] = field(default_factory=list)
    _lines: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir()

    def add(self, number: str, path: str, content: Iterable[bytes]) -> None:
        """Add the `content` known as `number`, which is at `path` in the repository."""
        ending = found[1].lower() if (found := _ENDING.search(path)) else ""
        for lines_before, piece in pieces(content):
            if lines_before or ending or len(piece) > _SHORT or _FAR.search(piece):
                self._write(FIRST_LINE + piece, ending, [(1, number, lines_before)])
            else:
                self._join(number, piece)

    def add_archive(self, number: str, ending: str, content: Iterable[bytes]) -> None:
        """Add an archive that the scanner itself is to open, which it does where the name has the right `ending`."""
        with self._new(f"archive{ending}", [(0, number, 0)]).open("wb") as file:
            file.writelines(content)

    def _join(self, number: str, content: bytes) -> None:
        if len(self._pack) + len(content) > PIECE - len(_BETWEEN):
            self.close()
        if not self._pack:
            self._pack += FIRST_LINE
            self._lines = 1
        self._in_pack.append((self._lines, number, 0))
        self._pack += content + _BETWEEN
        self._lines += content.count(b"\n") + _BETWEEN.count(b"\n")

    def close(self) -> None:
        """Write what waits for more to come."""
        if self._pack:
            self._write(bytes(self._pack), "", self._in_pack)
            self._pack, self._in_pack = bytearray(), []

    def _write(self, content: bytes, ending: str, places: list[tuple[int, str, int]]) -> None:
        self._new(f"plain{ending}", places).write_bytes(content)
        self.size += len(content)

    def _new(self, name: str, places: list[tuple[int, str, int]]) -> Path:
        number = f"{len(self._places):07d}"
        self._places[number] = places
        return self.folder / f"{number}-{name}"

    def place(self, name: str, line: int) -> tuple[str, int, bool] | None:
        """Return the number of the content at `line` of the file `name`, the line there, and whether it is a piece.

        `None` where there is no such file. Lines are counted from 1; a line before the first is 0.
        """
        places = self._places.get(name.partition("-")[0])
        if places is None:
            return None
        begin, number, before = places[max(bisect_right(places, line - 1, key=lambda place: place[0]) - 1, 0)]
        return number, max(line - begin, 0) + before, before > 0


def pieces(content: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield `content` in pieces of at most `PIECE` bytes, with the number of lines that come before each.

    All but the first begin with the last `OVERLAP` bytes of the one before: what is shorter is whole in one of them.
    Each ends with a line where it can: half a secret would be taken for one more.
    """
    left, lines = bytearray(), 0
    for chunk in content:
        left += chunk
        while len(left) > PIECE:
            end = left.rfind(b"\n", PIECE - OVERLAP, PIECE) + 1 or PIECE
            yield lines, bytes(left[:end])
            lines += left.count(b"\n", 0, end - OVERLAP)
            del left[: end - OVERLAP]
    yield lines, bytes(left)
