"""Read the tar archive of a layer, and give its files other times.

Source: POSIX `pax` interchange format (ustar headers, records of extended headers).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE, LINK, SYMLINK, FOLDER = b"0", b"1", b"2", b"5"
_HEADER, _CHUNK = 512, 1 << 20
_NAME, _SIZE, _TIME, _CHECKSUM = slice(0, 100), slice(124, 136), slice(136, 148), slice(148, 156)
_KIND, _TARGET, _MAGIC, _PREFIX = slice(156, 157), slice(157, 257), slice(257, 263), slice(345, 500)
_NEGATIVE = 0xFF
_EXTENDED, _GLOBAL, _GNU = b"x", b"g", (b"L", b"K")
_TIMES = (b"mtime", b"atime", b"ctime")


@dataclass(frozen=True)
class Times:
    """The `time` that every file of a layer gets, except one that is older than `kept_before`."""

    time: int
    kept_before: int | None = None

    def of(self, original: float) -> int | None:
        """Return the time for a file that has the time `original`; `None` where it stays."""
        is_kept = self.kept_before is not None and original < self.kept_before and original <= self.time
        return None if is_kept else self.time


@dataclass(frozen=True)
class Member:
    """An entry of an archive: its `header`, and the `records` of the extended header in front of it, if there is one.

    `size` is that of the content, which comes after it.
    """

    header: bytes
    size: int
    extended: bytes = b""
    records: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def kind(self) -> bytes:
        """The type of the entry, as in the header: `FILE`, `FOLDER` and so on."""
        return self.header[_KIND]

    @property
    def path(self) -> bytes:
        """The path of the entry, without a slash at its start or end."""
        if (path := self.records.get(b"path")) is None:
            path = _text(self.header[_NAME])
            if self.header[_MAGIC] == b"ustar\0" and (prefix := _text(self.header[_PREFIX])):
                path = prefix + b"/" + path
        return path.removeprefix(b"./").strip(b"/")

    @property
    def target(self) -> bytes:
        """The path that a link names."""
        return self.records.get(b"linkpath", _text(self.header[_TARGET])).removeprefix(b"./").strip(b"/")

    @property
    def signature(self) -> bytes:
        """All that its headers say, except times."""
        # Two copies of one file differ in nothing else.
        plain = _replaced(self.header, _TIME, b"\0" * 12)
        records = sorted((key, value) for key, value in self.records.items() if key not in _TIMES)
        return b"".join((plain, *(_record(key, value) for key, value in records)))

    def dated(self, times: Times) -> bytes:
        """Return its headers with other `times`."""
        return self._dated_records(times) + _dated(self.header, times)

    def _dated_records(self, times: Times) -> bytes:
        if not self.extended:
            return b""
        records = dict(self.records)
        for key in _TIMES:
            if key in records and (time := times.of(float(records[key]))) is not None:
                records[key] = b"%d" % time
        data = b"".join(_record(key, value) for key, value in records.items())
        # A time may have more or fewer digits than the one that it replaces.
        header = _replaced(_dated(self.extended, times), _SIZE, b"%011o\0" % len(data))
        return header + data.ljust(_padded(len(data)), b"\0")


class Archive:
    """The archive in `content`, hashed while it is read. Reading raises `ValueError` when it is no archive."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.hasher = hashlib.sha256()
        self._end = b""

    def members(self) -> Iterator[Member]:
        """Yield each entry, whose content must be read before the next one."""
        while any(header := self._read(_HEADER, fewer=True)):
            _require_header(header)
            size = _number(header[_SIZE])
            if header[_KIND] != _EXTENDED:
                yield Member(header, size)
                continue
            records = dict(_records(self._read(_padded(size))[:size]))
            own = self._read(_HEADER)
            _require_header(own)
            size = int(records[b"size"]) if b"size" in records else _number(own[_SIZE])
            yield Member(own, size, header, records)
        self._end = header

    def content(self, member: Member) -> Iterator[bytes]:
        """Yield the content of `member`, and the zeros that fill its last block."""
        left = _padded(member.size)
        while left:
            chunk = self._read(min(left, _CHUNK))
            left -= len(chunk)
            yield chunk

    def end(self) -> Iterator[bytes]:
        """Yield the bytes after the last entry."""
        while self._end:
            yield self._end
            self._end = self._read(_CHUNK, fewer=True)

    def _read(self, size: int, *, fewer: bool = False) -> bytes:
        result = self._content.read(size)
        self.hasher.update(result)
        if len(result) != size and not fewer:
            raise ValueError("The archive ends in the middle of a file")
        return result


def _require_header(header: bytes) -> None:
    if len(header) < _HEADER or header[_CHECKSUM].strip(b" \0").lstrip(b"0") != b"%o" % _checksum(header):
        raise ValueError("A header of the archive is damaged")
    # Both kinds of header change the name or the time of other entries, and this reader would not see it. BuildKit
    # writes with Go's archive/tar in PAX form, which has neither.
    if header[_KIND] in _GNU or header[_KIND] == _GLOBAL:
        raise ValueError("The archive has a header that BuildKit does not write")


def _text(field_of_header: bytes) -> bytes:
    return field_of_header.partition(b"\0")[0]


def _number(field_of_header: bytes) -> int:
    """Return the number in a field: octal digits, or after a first bit that is set the number itself."""
    first = field_of_header[0]
    if not first & 0x80:
        return int(field_of_header.strip(b" \0") or b"0", 8)
    number, bits = int.from_bytes(field_of_header, "big"), 8 * len(field_of_header)
    return number - (1 << bits) if first == _NEGATIVE else number - (0x80 << bits - 8)


def _padded(size: int) -> int:
    return -(-size // _HEADER) * _HEADER


def _dated(header: bytes, times: Times) -> bytes:
    time = times.of(_number(header[_TIME]))
    return header if time is None else _replaced(header, _TIME, b"%011o\0" % time)


def _replaced(header: bytes, part: slice, value: bytes) -> bytes:
    """Return `header` with another `value` in a field, and the checksum of that."""
    changed = bytearray(header)
    changed[part] = value
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
            raise ValueError("An extended header of the archive cannot be read")
        yield key, value[:-1]


def _record(key: bytes, value: bytes) -> bytes:
    text = b" " + key + b"=" + value + b"\n"
    length = len(text) + len(str(len(text)))
    # The length counts its own digits: adding them may take one digit more.
    length += len(str(length)) > len(str(len(text)))
    return str(length).encode() + text
