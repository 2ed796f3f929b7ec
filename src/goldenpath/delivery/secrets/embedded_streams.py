"""What lies in the middle of a file where nobody begins to read: compressed streams, and letters of two bytes.

A shell script with an archive behind it, a zip with a member that its directory does not name, a program with texts in
UTF-16. Source of the formats: RFC 1952 (gzip), PKWARE APPNOTE 4.3.7 (the header before each member of a zip), "The .xz
File Format" 2.1.1.1 (its magic bytes), and the manual of bzip2 (its header, and that of its first block).
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from mmap import mmap

    from goldenpath.delivery.secrets.scan_limits import FileBudget

_GZIP, _MEMBER = b"\x1f\x8b\x08", b"PK\x03\x04"
_XZ, _BZIP2, _BZIP2_BLOCK = b"\xfd7zXZ\x00", b"BZh", b"1AY&SY"
_BEGIN = re.compile(b"|".join(map(re.escape, (_GZIP, _MEMBER, _XZ))) + b"|BZh[1-9]" + re.escape(_BZIP2_BLOCK))
_GZIP_HEADER, _HEADER, _DEFLATED = 10, 30, 8
_FIRST = (_GZIP, _MEMBER, _XZ, _BZIP2_BLOCK)
# The flags of a gzip header (RFC 1952, 2.3.1): what follows it, and what must not be set.
_CHECKSUM, _EXTRA, _NAME, _COMMENT, _RESERVED = 0x02, 0x04, 0x08, 0x10, 0xE0
# Most places where a stream seems to begin are none, and a few bytes tell.
_FIRST_FED, _FED = 1 << 9, 1 << 14
_GIVEN = 1 << 20
# Bytes; what xz needs at its strongest, and not whatever a stream asks for.
_DICTIONARY = 128 << 20
_WIDE = re.compile(rb"(?:[\t -~]\0){16,}|(?:\0[\t -~]){16,}")


def wide_texts(content: bytes | mmap) -> bytes:
    """Return the texts in `content` that have a zero beside each letter, a line each, without the zeros."""
    if content.find(b"\0") < 0:
        return b""
    return b"\n".join(found[0].replace(b"\0", b"") for found in _WIDE.finditer(content))


def may_hold_streams(content: bytes | mmap) -> bool:
    """Tell whether a compressed stream may begin anywhere in `content`."""
    # To find one word takes a tenth of the time that the expression takes, and most files hold none of them.
    return any(content.find(each) >= 0 for each in _FIRST) and _BEGIN.search(content) is not None


def streams(
    content: bytes | mmap, budget: FileBudget, known: Sequence[range] = ()
) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Yield place and content of each compressed stream that does not begin within what is `known`.

    What cannot be decompressed from its first bytes on is none; one that is damaged ends where it is. Raises
    `LimitReached` when the file costs more than its `budget`.
    """
    begins = sorted(known, key=lambda each: each.start)
    search = _Search(content, memoryview(content), budget)
    for found in _BEGIN.finditer(content):
        at = found.start()
        before = bisect_right(begins, at, key=lambda each: each.start)
        if before and at in begins[before - 1]:
            continue
        budget.attempt()
        chunks = search.chunks(at)
        if first := next(chunks, b""):
            yield at, chain((first,), chunks)


@dataclass
class _Search:
    """One pass through `content`; `view` shows the same bytes without copying them."""

    content: bytes | mmap
    view: memoryview
    budget: FileBudget
    _looked_from: int = 0
    _zero_at: int = -1

    def chunks(self, at: int) -> Iterator[bytes]:
        if self.content[at : at + len(_XZ)] == _XZ:
            return self._unpacked(at, lzma.LZMADecompressor(memlimit=_DICTIONARY))
        if self.content[at : at + len(_BZIP2)] == _BZIP2:
            return self._unpacked(at, bz2.BZ2Decompressor())
        is_gzip = self.content[at : at + len(_GZIP)] == _GZIP
        return self._inflated(self._data_of_gzip(at) if is_gzip else self._data_of_member(at))

    def _data_of_gzip(self, at: int) -> int:
        """Return where the data behind the gzip header at `at` begin; the end of the content where they do not.

        zlib would read on from each header to the end of the name in it, and all names may have one end.
        """
        nowhere, data = len(self.content), at + _GZIP_HEADER
        if data > nowhere or (flags := self.content[at + 3]) & _RESERVED:
            return nowhere
        if flags & _EXTRA:
            data += 2 + int.from_bytes(self.content[data : data + 2], "little")
        for flag in (_NAME, _COMMENT):
            if flags & flag:
                data = self._next_zero(data) + 1
        return data + 2 if flags & _CHECKSUM else data

    def _next_zero(self, at: int) -> int:
        """Return where the next zero from `at` on is, or the end; what the last call has read is not read again."""
        if not self._looked_from <= at <= self._zero_at:
            found = self.content.find(b"\0", at)
            self._looked_from, self._zero_at = at, found if found >= 0 else len(self.content)
        return self._zero_at

    def _data_of_member(self, at: int) -> int:
        header = self.content[at : at + _HEADER]
        lengths = (int.from_bytes(header[place : place + 2], "little") for place in (26, 28))
        # What is not deflated lies open.
        is_deflated = int.from_bytes(header[8:10], "little") == _DEFLATED
        return at + _HEADER + sum(lengths) if is_deflated else len(self.content)

    def _fed(self, place: int) -> Iterator[memoryview]:
        size = _FIRST_FED
        while place < len(self.content):
            part = self.view[place : place + size]
            self.budget.feed(len(part))
            yield part
            place, size = place + size, _FED

    def _inflated(self, begin: int) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
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
