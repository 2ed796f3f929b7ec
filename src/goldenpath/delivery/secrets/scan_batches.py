"""Contents for a scanner that reads each at one look, and where in the repository what it finds there is.

They are members of a few tar files, which take less time than as many files. Most are short: gitleaks runs a rule only
over a text that holds one of the rule's words, and a long text holds them all. A text is cut at ends of lines, where no
rule looks from one part into the next (`line_windows`), or else into pieces of 96,000 bytes, each of which begins with
the end of the one before: gitleaks looks at 100,000 bytes at a time, and would not see a secret across two looks.

The first line says that a member is a picture, of the one kind that gitleaks reads like a text: what says "ustar" at
byte 257, "DICM" at 128 or "CD001" at 32,769 would be left out otherwise (h2non/filetype asks for pictures first).
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
# Bytes; how much a member holds where there is a choice.
MEMBER = 1_500
# No rule but those that are far looks past this, from one content into the next.
_BETWEEN = b"\n############\n"
_LINES_BETWEEN = _BETWEEN.count(b"\n")
# Some rules are for names with these endings only.
_ENDING = re.compile(r"(?i)(\.php|\.tf|\.hcl|\.ya?ml|nuget\.config|\.p12|\.pfx)$")
# Of these a rule asks for nothing else, and finds something in each member.
_NAME_ALONE = {".p12", ".pfx"}
# The size of a tar file after which another is begun: several are read at once.
_TAR_SIZE = 1 << 20
_BLOCK = 512
# A header of a tar, without name, size and checksum. Source: pax(1), "ustar Interchange Format".
_HEADER = b"0000600\x000000000\x000000000\x00%s00000000000\x00%s0" + bytes(100) + b"ustar\x0000" + bytes(247)

Place = tuple[int, str, int]


@lru_cache(1 << 12)
def ending(path: str) -> str:
    """Return the ending of `path` that a rule asks for, in small letters; empty for any other."""
    return match[1].lower() if (match := _ENDING.search(path)) else ""


@dataclass
class Batch:
    """Tar files in a new `folder`, with archives beside them; `size` is how many bytes they have, archives aside."""

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
        """Put `content` last into every tar file and beside them, and return what a scanner calls these places."""
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
    """Contents in batches of tar files below the new `folder`. `on_tar` is called when one more is complete.

    `words` is for the rules that look over the end of a line (`line_windows.multi_line_pattern`).
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
        """Return what is complete, and begin another batch: nothing is added to this one any more."""
        self.taken.append(self.batch)
        self.batch = Batch(self.folder / str(len(self.taken)))
        return self.taken[-1]

    def add(self, number: str, path: str, content: Iterable[bytes], lines_before: int = 0) -> None:
        """Add the `content` known as `number`, which is at `path` in the repository, as it is."""
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
        """Add an archive that the scanner itself is to open, which it does where the name has the right `ending`."""
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
        """Write what waits for more to come."""
        self._flush()
        self._end_tar()

    def place(self, name: str, line: int) -> tuple[str, int, int] | None:
        """Return which content is at `line` of what a scanner calls `name`, the line in it, and where it begins.

        `None` where there is no such file. Lines are counted from 1; a line before the first is 0.
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
