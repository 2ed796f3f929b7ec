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
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_GZIP, _MEMBER = b"\x1f\x8b\x08", b"PK\x03\x04"
_XZ, _BZIP2, _BZIP2_BLOCK = b"\xfd7zXZ\x00", b"BZh", b"1AY&SY"
_BEGIN = re.compile(b"|".join(map(re.escape, (_GZIP, _MEMBER, _XZ))) + b"|BZh[1-9]" + re.escape(_BZIP2_BLOCK))
_HEADER, _DEFLATED = 30, 8
_RAW, _WITH_HEADER = -zlib.MAX_WBITS, zlib.MAX_WBITS | 16
_FED = 1 << 14
_GIVEN = 1 << 20
# Bytes; what xz needs at its strongest, and not whatever a stream asks for.
_DICTIONARY = 128 << 20
_WIDE = re.compile(rb"(?:[\t -~]\0){16,}|(?:\0[\t -~]){16,}")


def wide_texts(content: bytes) -> bytes:
    """Return the texts in `content` that have a zero beside each letter, a line each, without the zeros."""
    return b"\n".join(found[0].replace(b"\0", b"") for found in _WIDE.finditer(content)) if b"\0" in content else b""


def streams(content: bytes, known: Sequence[range] = ()) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Yield place and content of each compressed stream that does not begin within what is `known`.

    What cannot be decompressed from its first bytes on is none; one that is damaged ends where it is.
    """
    if not any(magic in content for magic in (_GZIP, _MEMBER, _XZ, _BZIP2_BLOCK)):
        return
    begins = sorted(known, key=lambda each: each.start)
    for found in _BEGIN.finditer(content):
        at = found.start()
        before = bisect_right(begins, at, key=lambda each: each.start)
        if before and at in begins[before - 1]:
            continue
        chunks = _chunks(content, at)
        if first := next(chunks, b""):
            yield at, chain((first,), chunks)


def _chunks(content: bytes, at: int) -> Iterator[bytes]:
    if content.startswith(_XZ, at):
        return _unpacked(memoryview(content), at, lzma.LZMADecompressor(memlimit=_DICTIONARY))
    if content.startswith(_BZIP2, at):
        return _unpacked(memoryview(content), at, bz2.BZ2Decompressor())
    return _inflated(memoryview(content), *_data(content, at))


def _unpacked(
    content: memoryview, place: int, unpacker: lzma.LZMADecompressor | bz2.BZ2Decompressor
) -> Iterator[bytes]:
    while not unpacker.eof and (place < len(content) or not unpacker.needs_input):
        fed = content[place : place + _FED] if unpacker.needs_input else b""
        place += len(fed)
        try:
            chunk = unpacker.decompress(fed, _GIVEN)
        except (OSError, lzma.LZMAError):
            return
        if chunk:
            yield chunk


def _data(content: bytes, at: int) -> tuple[int, int]:
    """Return where the data of the stream at `at` begins, and zlib's number for its form."""
    if content.startswith(_GZIP, at):
        return at, _WITH_HEADER
    header = content[at : at + _HEADER]
    lengths = (int.from_bytes(header[place : place + 2], "little") for place in (26, 28))
    # What is not deflated lies open.
    is_deflated = int.from_bytes(header[8:10], "little") == _DEFLATED
    return (at + _HEADER + sum(lengths) if is_deflated else len(content)), _RAW


def _inflated(content: memoryview, begin: int, form: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(form)
    for place in range(begin, len(content), _FED):
        try:
            chunk = inflater.decompress(content[place : place + _FED])
        except zlib.error:
            return
        if chunk:
            yield chunk
        if inflater.eof:
            return
