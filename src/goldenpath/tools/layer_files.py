"""Write a layer of an image again: the times of its files set, compressed so that the same files give the same bytes.

Source: POSIX `pax` interchange format (ustar headers, records of extended headers), RFC 1952 (gzip; a file of several
members), OCI Image Specification 1.1, "Image Layer Filesystem Changeset".
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import deflate

from goldenpath.model.layout import GZIP_LAYER, Descriptor
from goldenpath.model.names import Digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

# Level 1 of libdeflate is smaller than level 1 of Go's gzip and takes a third of its time.
_LEVEL = 1
# Each block is a gzip member of its own, so that all processors compress. A larger one would not be smaller.
_BLOCK = 1 << 20
_HEADER = 512
_TIME, _SIZE, _CHECKSUM, _TYPE = slice(136, 148), slice(124, 136), slice(148, 156), slice(156, 157)
_NEGATIVE = 0xFF
_EXTENDED = (b"x", b"g")
_TIMES = (b"mtime", b"atime", b"ctime")


@dataclass(frozen=True)
class Times:
    """The times for the files of a layer: none is later than `latest`; `all_equal` gives every file that time."""

    latest: int
    all_equal: bool = False


@dataclass(frozen=True)
class Written:
    """A layer as it was written: its descriptor, its digest uncompressed, and what that was before."""

    layer: Descriptor
    diff_id: Digest
    old_diff_id: Digest


def write(content: IO[bytes], times: Times, folder: Path) -> Written:
    """Write the layer whose archive is `content` into `folder`, under the name of its digest.

    Raises `ValueError` for what is no archive.
    """
    before, after, packed = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    part = folder / f".layer.{os.getpid()}.part"
    size = 0
    try:
        with part.open("wb") as file:
            blocks = _blocks(_with_times(_Source(content, before), times))
            for block in _compressed(blocks, after):
                packed.update(block)
                size += file.write(block)
        digest = Digest(f"sha256:{packed.hexdigest()}")
        part.replace(folder / digest.hex)
    finally:
        part.unlink(missing_ok=True)
    diff_ids = (Digest(f"sha256:{each.hexdigest()}") for each in (after, before))
    return Written(Descriptor(GZIP_LAYER, digest, size), *diff_ids)


class _Source:
    """An archive that is hashed while it is read."""

    def __init__(self, content: IO[bytes], hasher: hashlib._Hash) -> None:
        self._content, self._hasher = content, hasher

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes. Raises `ValueError` where fewer are left."""
        found = self.rest(size)
        if len(found) != size:
            raise ValueError("the archive ends in the middle of a file")
        return found

    def rest(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end."""
        found = self._content.read(size)
        self._hasher.update(found)
        return found


def _with_times(source: _Source, times: Times) -> Iterator[bytes]:
    size_of_next = None
    while (header := source.rest(_HEADER)) and any(header):
        if len(header) < _HEADER or _number(header[_CHECKSUM]) != _checksum(header):
            raise ValueError("a header of the archive is damaged")
        left = size_of_next if size_of_next is not None else _number(header[_SIZE])
        size_of_next = None
        if header[_TYPE] in _EXTENDED:
            records = dict(_records(source.read(_padded(left))[:left]))
            size_of_next = int(records[b"size"]) if b"size" in records else None
            yield from _extended(header, records, times)
            continue
        yield _header(header, times)
        left = _padded(left)
        while left:
            chunk = source.read(min(left, _BLOCK))
            left -= len(chunk)
            yield chunk
    # The zeros at the end of an archive.
    while header:
        yield header
        header = source.rest(_BLOCK)


def _number(field: bytes) -> int:
    """Return the number in a field: octal digits, or after a first bit that is set the number itself."""
    if not field[0] & 0x80:
        return int(field.strip(b" \0") or b"0", 8)
    number = int.from_bytes(field, "big")
    return number - (1 << 8 * len(field)) if field[0] == _NEGATIVE else number - (0x80 << 8 * (len(field) - 1))


def _padded(size: int) -> int:
    return -(-size // _HEADER) * _HEADER


def _header(header: bytes, times: Times) -> bytes:
    time = _number(header[_TIME])
    if time <= times.latest and not times.all_equal:
        return header
    return _replaced(header, _TIME, b"%011o\0" % times.latest)


def _replaced(header: bytes, field: slice, value: bytes) -> bytes:
    """Return `header` with another `value` in a field, and the checksum of that."""
    changed = bytearray(header)
    changed[field] = value
    changed[_CHECKSUM] = b"%06o\0 " % _checksum(changed)
    return bytes(changed)


def _checksum(header: bytes | bytearray) -> int:
    """Return the sum of a header's bytes, where the checksum itself counts as spaces."""
    return sum(header) - sum(header[_CHECKSUM]) + 8 * ord(" ")


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of an extended header: `<length> <key>=<value>` and a newline each."""
    while data:
        length = int(data.split(b" ", 1)[0])
        record, data = data[:length], data[length:]
        key, equals, value = record.partition(b" ")[2].partition(b"=")
        if not equals or length < 1 or not value.endswith(b"\n"):
            raise ValueError("an extended header of the archive cannot be read")
        yield key, value[:-1]


def _extended(header: bytes, records: dict[bytes, bytes], times: Times) -> Iterator[bytes]:
    """Yield an extended header without a time later than that of its layer."""
    for key in _TIMES:
        if key in records and (float(records[key]) > times.latest or (times.all_equal and key == b"mtime")):
            records[key] = b"%d" % times.latest
    data = b"".join(_record(key, value) for key, value in records.items())
    yield _header(_replaced(header, _SIZE, b"%011o\0" % len(data)), times)
    yield data.ljust(_padded(len(data)), b"\0")


def _record(key: bytes, value: bytes) -> bytes:
    text = b" " + key + b"=" + value + b"\n"
    length = len(text) + len(str(len(text)))
    # One more digit may need one more.
    length += len(str(length)) > len(str(len(text)))
    return str(length).encode() + text


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in blocks of one size: a layer must not depend on how it was read."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= _BLOCK:
            yield bytes(waiting[:_BLOCK])
            del waiting[:_BLOCK]
    if waiting:
        yield bytes(waiting)


def _compressed(blocks: Iterable[bytes], hasher: hashlib._Hash) -> Iterator[bytes]:
    """Yield each block compressed, in order, and hash it before; as many at once as there are processors."""
    workers = os.cpu_count() or 1
    waiting: deque[Future[bytes]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="compress") as pool:
        for block in blocks:
            waiting.append(pool.submit(_pack, block))
            hasher.update(block)
            if len(waiting) > workers:
                yield waiting.popleft().result()
        for each in waiting:
            yield each.result()


def _pack(block: bytes) -> bytes:
    return bytes(deflate.gzip_compress(block, _LEVEL))
