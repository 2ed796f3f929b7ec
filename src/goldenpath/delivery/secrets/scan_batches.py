"""Pack contents for gitleaks into tar files, and translate places in its report back to places in the repository.

Reading a few tar files takes less time than reading as many files as they have members. Most members are short,
because gitleaks runs a rule only over a text with one of the rule's words, and a long text contains them all. A text is
cut at line ends that no rule reads across (`line_windows`), or else into pieces of 96,000 bytes that overlap: gitleaks
reads 100,000 bytes at a time, and would miss a secret across two reads.

The first line makes a member look like a picture, of the one kind that gitleaks reads like a text. Without it, gitleaks
skips a content with "ustar" at byte 257, "DICM" at 128 or "CD001" at 32,769 (h2non/filetype tests for pictures first).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from goldenpath.delivery.secrets import line_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

FIRST_LINE, TAR_ENDING = b"GIF\n", ".tar"
PIECE, OVERLAP = 96_000, 16_000
# Bytes: the size of a member, unless its content has to stay together.
MEMBER = 1_500
# Separates two contents in one member; only far rules read across it.
_BETWEEN = b"\n############\n"
_LINES_BETWEEN = _BETWEEN.count(b"\n")
# Some rules apply only to names with these endings.
_ENDING = re.compile(r"(?i)(\.php|\.tf|\.hcl|\.ya?ml|nuget\.config|\.p12|\.pfx)$")
# For these endings a rule requires only the name, and reports every member.
_NAME_ALONE = {".p12", ".pfx"}
# Bytes after which another tar file begins: gitleaks reads several in parallel.
_TAR_SIZE = 1 << 20
_BLOCK = 512
# A header of a tar, without name, size and checksum. Source: pax(1), "ustar Interchange Format".
_HEADER = b"0000600\x000000000\x000000000\x00%s00000000000\x00%s0" + bytes(100) + b"ustar\x0000" + bytes(247)

Place = tuple[int, str, int]


@lru_cache(1 << 12)
def ending(path: str) -> str:
    """Return the ending of `path` in lower case if a rule asks for it, and an empty text otherwise."""
    return match[1].lower() if (match := _ENDING.search(path)) else ""


@dataclass
class Batch:
    """Tar files in a new `folder`, with archives beside them; `size` is in bytes and does not count the archives."""

    folder: Path
    tars: list[Path] = field(default_factory=list)
    size: int = 0
    archives: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written into it."""
        return not self.tars and not self.archives

    def seal(self, name: str, content: bytes) -> tuple[str, ...]:
        """Write `content` last into every tar file and beside them; return the names of these places in a report."""
        for tar in self.tars:
            with tar.open("ab") as file:
                file.write(tar_member(name, content) + bytes(2 * _BLOCK))
        (self.folder / name).write_bytes(content)
        self.size += len(content) * (len(self.tars) + 1)
        return (*(f"{tar.name}!{name}" for tar in self.tars), name)


def do_nothing() -> None:
    """Do nothing."""


@dataclass
class ScanBatches:
    """Contents in batches of tar files below the new `folder`. `on_tar` is called after every complete tar file.

    `words` is the pattern for the rules that read across a line end (`line_windows.multi_line_pattern`).
    """

    folder: Path
    words: re.Pattern[bytes] = re.compile(b"")
    on_tar: Callable[[], None] = do_nothing
    tars: list[Path] = field(default_factory=list)
    taken: list[Batch] = field(default_factory=list)
    _places: dict[str, list[Place]] = field(default_factory=dict)
    _pack: bytearray = field(default_factory=bytearray)
    _in_pack: list[Place] = field(default_factory=list)
    _lines: int = 0
    _tar: bytearray = field(default_factory=bytearray)
    _size: int = 0

    def __post_init__(self) -> None:
        self.batch = Batch(self.folder / "0")

    def take(self) -> Batch:
        """Return the complete tar files as a batch, and begin the next batch."""
        self.taken.append(self.batch)
        self.batch = Batch(self.folder / str(len(self.taken)))
        return self.taken[-1]

    def add(self, number: str, path: str, content: Iterable[bytes], lines_before: int = 0) -> None:
        """Add the `content` with this `number`, which is at `path` in the repository, unchanged."""
        for before, piece in pieces(content):
            self._write(FIRST_LINE + piece, ending(path), [(1, number, lines_before + before)])

    def add_text(
        self, number: str, path: str, text: bytes, lines_before: int = 0, elsewhere: frozenset[bytes] = frozenset()
    ) -> None:
        """Add a `text`, or a part of one; the rest of it has the words `elsewhere` (`line_windows.WORDS_ELSEWHERE`)."""
        kind, remembered = ending(path), b"".join(_BETWEEN + word for word in sorted(elsewhere))
        is_far = kind in _NAME_ALONE or line_windows.has_far_word(path, text)
        if len(text) <= MEMBER and not (kind or is_far or remembered):
            self._join(number, text, lines_before)
            return
        for before, part in [(0, text)] if is_far else line_windows.split_text(text, MEMBER, self.words):
            for more, piece in pieces([part]):
                begin = lines_before + before + more
                if kind or is_far or remembered or len(piece) > MEMBER:
                    self._write(FIRST_LINE + piece + remembered, kind, [(1, number, begin)])
                else:
                    self._join(number, piece, begin)

    def add_archive(self, number: str, ending: str, content: Iterable[bytes]) -> None:
        """Add an archive that gitleaks opens itself; it recognizes the archive by the `ending` of its name."""
        name = self._name(f"archive{ending}", [(0, number, 0)])
        self.batch.archives += 1
        with (self.batch.folder / name).open("wb") as file:
            file.writelines(content)

    def _join(self, number: str, content: bytes, lines_before: int) -> None:
        if len(self._pack) + len(content) > MEMBER:
            self._flush()
        if not self._pack:
            self._pack += FIRST_LINE
            self._lines = 1
        self._in_pack.append((self._lines, number, lines_before))
        self._pack += content + _BETWEEN
        self._lines += content.count(b"\n") + _LINES_BETWEEN

    def _flush(self) -> None:
        if self._pack:
            self._write(bytes(self._pack), "", self._in_pack)
            self._pack, self._in_pack = bytearray(), []

    def _write(self, content: bytes, ending: str, places: list[Place]) -> None:
        self._tar += tar_member(self._name(f"plain{ending}", places), content)
        self._size += len(content)
        if len(self._tar) > _TAR_SIZE:
            self._end_tar()

    def _end_tar(self) -> None:
        if self._tar:
            tar = self.batch.folder / f"{len(self.tars):06d}{TAR_ENDING}"
            tar.write_bytes(self._tar)
            self.tars.append(tar)
            self.batch.tars.append(tar)
            self.batch.size += self._size
            self._tar, self._size = bytearray(), 0
            self.on_tar()

    def _name(self, name: str, places: list[Place]) -> str:
        number = f"{len(self._places):07d}"
        self._places[number] = places
        return f"{number}-{name}"

    def close(self) -> None:
        """Write the contents that were collected so far."""
        self._flush()
        self._end_tar()

    def place(self, name: str, line: int) -> tuple[str, int, int] | None:
        """Return the number of the content at `line` of the member `name`, its line, and the line where it begins.

        Return `None` if there is no such member. Lines are counted from 1; a line before the first is 0.
        """
        places = self._places.get(name.partition("-")[0])
        if places is None:
            return None
        begin, number, before = places[max(bisect_right(places, line - 1, key=lambda place: place[0]) - 1, 0)]
        return number, max(line - begin, 0) + before, begin


def tar_member(name: str, content: bytes) -> bytes:
    """Return a member of a tar."""
    head = name.encode().ljust(100, b"\0") + _HEADER % (b"%011o\0" % len(content), b"        ")
    checked = head.replace(b"        ", b"%06o\0 " % sum(head), 1)
    return checked + content + bytes(-len(content) % _BLOCK)


def pieces(content: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield `content` in pieces of at most `PIECE` bytes, with the number of lines that come before each.

    Every piece but the first begins with the last `OVERLAP` bytes of the one before, so that any shorter text is whole
    in one of them. A piece ends with a line if possible: half a secret would be reported as one more.
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
