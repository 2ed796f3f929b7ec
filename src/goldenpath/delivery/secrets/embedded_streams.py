"""Find compressed streams and UTF-16 texts in the middle of a file.

Examples are a shell script with an archive appended, a zip with a member that its directory does not list, and a
program with texts in UTF-16. Source of the formats: RFC 1952 (gzip), PKWARE APPNOTE 4.3.7 (the header before each
member of a zip), "The .xz File Format" 2.1.1.1 (its magic bytes), and the manual of bzip2 (its header, and that of its
first block).
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    from goldenpath.delivery.secrets.scan_limits import FileBudget

_GZIP, _MEMBER = b"\x1f\x8b\x08", b"PK\x03\x04"
_XZ, _BZIP2, _BZIP2_BLOCK = b"\xfd7zXZ\x00", b"BZh", b"1AY&SY"
_BEGIN = re.compile(b"|".join(map(re.escape, (_GZIP, _MEMBER, _XZ))) + b"|BZh[1-9]" + re.escape(_BZIP2_BLOCK))
_HEADER, _DEFLATED = 30, 8
# With this value zlib parses the gzip header itself, and the budget counts the header's bytes too.
_WITH_HEADER = 16 + zlib.MAX_WBITS
_FIRST = (_GZIP, _MEMBER, _XZ, _BZIP2_BLOCK)
# Most places that look like the beginning of a stream are not one, and the first few bytes are enough to see that.
_FIRST_FED, _FED = 1 << 9, 1 << 14
_GIVEN = 1 << 20
# Bytes: the memory that xz needs at its highest level. A stream that asks for more is not unpacked.
_DICTIONARY = 128 << 20
_WIDE = re.compile(rb"(?:[\t -~]\0){16,}|(?:\0[\t -~]){16,}")


def wide_texts(content: bytes | mmap) -> bytes:
    """Return the texts in `content` with a zero byte beside each letter, one per line and without the zeros."""
    if content.find(b"\0") < 0:
        return b""
    return b"\n".join(match[0].replace(b"\0", b"") for match in _WIDE.finditer(content))


def may_hold_streams(content: bytes | mmap) -> bool:
    """Return whether a compressed stream may begin anywhere in `content`."""
    # `find` takes a tenth of the time of the expression, and most files contain none of these markers.
    return any(content.find(marker) >= 0 for marker in _FIRST) and _BEGIN.search(content) is not None


def streams(content: bytes | mmap, budget: FileBudget, begin: int = 0) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Yield position and content of each compressed stream that begins at the byte `begin` or after it.

    A place whose first bytes cannot be decompressed is not a stream. A damaged stream ends where the damage begins.
    Raises `LimitReached` when the file costs more than its `budget`.
    """
    search = _StreamReader(content, memoryview(content), budget)
    for match in _BEGIN.finditer(content, begin):
        at = match.start()
        budget.attempt()
        chunks = search.chunks(at)
        if first := next(chunks, b""):
            yield at, chain((first,), chunks)


@dataclass
class _StreamReader:
    """One pass through `content`; `view` shows the same bytes without copying them."""

    content: bytes | mmap
    view: memoryview
    budget: FileBudget

    def chunks(self, at: int) -> Iterator[bytes]:
        if self.content[at : at + len(_XZ)] == _XZ:
            return self._unpacked(at, lzma.LZMADecompressor(memlimit=_DICTIONARY))
        if self.content[at : at + len(_BZIP2)] == _BZIP2:
            return self._unpacked(at, bz2.BZ2Decompressor())
        if self.content[at : at + len(_GZIP)] == _GZIP:
            return self._inflated(at, zlib.decompressobj(_WITH_HEADER))
        return self._inflated(self._data_of_member(at), zlib.decompressobj(-zlib.MAX_WBITS))

    def _data_of_member(self, at: int) -> int:
        header = self.content[at : at + _HEADER]
        lengths = (int.from_bytes(header[place : place + 2], "little") for place in (26, 28))
        # A member that is not deflated is plain text in the file, and the scanner reads it there.
        is_deflated = int.from_bytes(header[8:10], "little") == _DEFLATED
        return at + _HEADER + sum(lengths) if is_deflated else len(self.content)

    def _fed(self, place: int) -> Iterator[memoryview]:
        size = _FIRST_FED
        while place < len(self.content):
            part = self.view[place : place + size]
            self.budget.feed(len(part))
            yield part
            place, size = place + size, _FED

    def _inflated(self, begin: int, inflater: zlib._Decompress) -> Iterator[bytes]:
        for part in self._fed(begin):
            left: bytes | memoryview = part
            # One part may unpack to a thousand times its size.
            while left and not inflater.eof:
                try:
                    chunk = inflater.decompress(left, _GIVEN)
                except zlib.error:
                    return
                left = inflater.unconsumed_tail
                if chunk:
                    yield chunk
            if inflater.eof:
                return

    def _unpacked(self, begin: int, unpacker: lzma.LZMADecompressor | bz2.BZ2Decompressor) -> Iterator[bytes]:
        parts = self._fed(begin)
        while not unpacker.eof:
            part = next(parts, None) if unpacker.needs_input else b""
            if part is None:
                return
            try:
                chunk = unpacker.decompress(part, _GIVEN)
            except (OSError, lzma.LZMAError, MemoryError):
                return
            if chunk:
                yield chunk
