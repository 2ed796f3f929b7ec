"""Contents as files that a scanner reads whole: archives unpacked, texts in UTF-8."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Protocol, TypeVar

from goldenpath.tools import hidden_parts
from goldenpath.tools.packed_files import PackedFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_Part = TypeVar("_Part")

ARCHIVE_DEPTH = 4
# What all archives of one scan may unpack to: an archive can be made that holds far more than any disk.
UNPACKED_AT_MOST = 1 << 30
_LFS_POINTER = b"version https://git-lfs.github.com/spec/v1"
_CHUNK = 1 << 20
_SAMPLE = 4096
_IN_MEMORY = 8 << 20
# A larger file is not searched in its middle; it is read whole all the same.
_SEARCHED_AT_MOST = 64 << 20
_ZIP_HEADER = 30
# A text in a two-byte encoding has a zero in almost every other place; a program or a picture does not.
_MANY = 0.7
# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_GZIP, _BZIP2, _XZ, _LZMA = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x5d\x00\x00"
_TAR = (257, b"ustar")
# Archives that Python cannot read: the scanner itself looks into them, when their name says what they are.
_FOREIGN = (
    (b"\x28\xb5\x2f\xfd", ".zst"),
    (b"7z\xbc\xaf\x27\x1c", ".7z"),
    (b"Rar!\x1a\x07", ".rar"),
    (b"\x04\x22\x4d\x18", ".lz4"),
    (b"LZIP", ".lz"),
)
# gitleaks drops the errors of these: an encrypted or damaged one looks like one without a secret.
_SILENT = (".7z", ".rar")
# Archives that nobody here looks into: Debian's and RPM's packages, cabinets, squashed file systems, lzop, bzip3.
_UNOPENED = (b"!<arch>\ndebian-binary", b"\xed\xab\xee\xdb", b"MSCF", b"hsqs", b"\x89LZO", b"BZ3v1")
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, ValueError)
# An encrypted member is a RuntimeError of zipfile, an unknown compression a NotImplementedError.
_CLOSED = (RuntimeError, NotImplementedError)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Origin:
    """Where a file comes from: the git object's id, and the path it has in the repository, `!` before each member.

    `commit` is the one whose message it is; empty for a file.
    """

    identity: str
    path: str
    commit: str = ""


@dataclass
class PlainFiles:
    """Files below `folder`; `origins` says of each content's number where it comes from.

    In `versions` is what came by changes that a scanner reads too, in `rest` all else. `not_scanned` says, in a
    sentence each, what cannot be looked into.
    """

    folder: Path
    origins: dict[str, Origin] = field(default_factory=dict)
    not_scanned: list[str] = field(default_factory=list)
    _unpacked: int = 0

    def __post_init__(self) -> None:
        self.versions = PackedFiles(self.folder / "versions")
        self.rest = PackedFiles(self.folder / "rest")

    def close(self) -> None:
        """Write what waits for more to come."""
        self.versions.close()
        self.rest.close()

    def add(self, origin: Origin, content: Iterable[bytes], *, is_version: bool = False, depth: int = 0) -> None:
        """Write `content`, whatever it is packed or encoded in. Raises `OSError` when there is no room."""
        number = f"{len(self.origins):07d}"
        self.origins[number] = origin
        with SpooledTemporaryFile(_IN_MEMORY, dir=str(self.folder)) as raw:
            raw.writelines(content)
            raw.seek(0)
            sample = raw.read(_SAMPLE)
            if sample.startswith(_LFS_POINTER):
                self.not_scanned.append(f"{origin.path} is kept in git-lfs; only its pointer was scanned")
            (self.versions if is_version else self.rest).add(number, origin.path, _read(raw))
            if encoding := encoding_of(sample):
                self.rest.add(number, origin.path, _transcoded(raw, encoding))
            elif texts := hidden_parts.wide_texts(_beginning(raw)):
                self.rest.add(number, origin.path, [texts])
            if sample.startswith(_UNOPENED):
                self.not_scanned.append(f"{origin.path} is an archive of a kind that is not opened")
            for magic, ending in _FOREIGN:
                if sample.startswith(magic):
                    self.rest.add_archive(number, ending, _read(raw))
                    if ending in _SILENT:
                        told = f"{origin.path} was given to gitleaks, which does not say what in it it cannot open"
                        self.not_scanned.append(told)
            self._unpack(raw, origin, sample, depth)

    def _unpack(self, raw: IO[bytes], origin: Origin, sample: bytes, depth: int) -> None:
        for name, content in self._readable(origin, _members(raw, sample)):
            if depth == ARCHIVE_DEPTH:
                self.not_scanned.append(f"{origin.path} holds archives in archives, more than {depth} deep")
                return
            if self._unpacked > UNPACKED_AT_MOST:
                self.not_scanned.append(f"{origin.path} holds more than a scan takes on; not all of it was unpacked")
                return
            member = replace(origin, path=f"{origin.path}!{name}" if name else origin.path)
            self.add(member, self._counted(member, content), depth=depth + 1)

    def _counted(self, member: Origin, content: Iterable[bytes]) -> Iterator[bytes]:
        """Yield `content` as far as it can be read, and no more than a scan takes on."""
        for chunk in self._readable(member, content):
            self._unpacked += len(chunk)
            yield chunk
            if self._unpacked > UNPACKED_AT_MOST:
                return

    def _readable(self, origin: Origin, parts: Iterable[_Part]) -> Iterator[_Part]:
        """Yield `parts` of an archive up to where it is damaged or closed, and then say so."""
        left = iter(parts)
        while True:
            try:
                part = next(left)
            except StopIteration:
                return
            except _CLOSED as error:
                self.not_scanned.append(f"{origin.path} is in an archive that cannot be opened ({error})")
                return
            except _DAMAGED as error:
                if _is_ours_to_raise(error):
                    raise
                self.not_scanned.append(
                    f"{origin.path} is a damaged archive, or in one; what could be read of it was scanned"
                )
                return
            yield part


def encoding_of(sample: bytes) -> str | None:
    """Return the two- or four-byte encoding that the text beginning with `sample` is in; `None` for any other."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    even, odd = sample[0::2], sample[1::2]
    if not odd:
        return None
    zeros = (even.count(0) / len(even), odd.count(0) / len(odd))
    if zeros[1] > _MANY and zeros[0] < 1 - _MANY:
        return "utf-16-le"
    if zeros[0] > _MANY and zeros[1] < 1 - _MANY:
        return "utf-16-be"
    return None


def _members(raw: IO[bytes], sample: bytes) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield name and content of each member, where `raw` is an archive or has one in it.

    A compressed stream has one without a name. What stands between the members, behind them, or where the archive is
    damaged may be opened by another program, and comes last.
    """
    known = list[range]()
    damage = None
    try:
        yield from _listed(raw, sample, known)
    except _DAMAGED as error:
        damage = error
        known.clear()
    for place, content in hidden_parts.streams(_beginning(raw), known):
        yield f"at byte {place}", content
    if damage:
        raise damage


def _listed(raw: IO[bytes], sample: bytes, known: list[range]) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield what the archive itself says is in it, and add to `known` where that lies."""
    raw.seek(0)
    if zipfile.is_zipfile(raw):
        with zipfile.ZipFile(raw) as zipped:
            known.extend(range(each.header_offset, _end(each)) for each in zipped.infolist())
            for entry in zipped.infolist():
                if not entry.is_dir():
                    yield entry.filename, _of_zip(zipped, entry)
    elif sample[_TAR[0] :].startswith(_TAR[1]):
        raw.seek(0)
        with tarfile.open(fileobj=raw, mode="r:", errors="replace") as archive:
            for member in archive:
                # A member of an unknown type is a file to those who unpack it.
                if member.isfile() or member.type not in tarfile.SUPPORTED_TYPES:
                    known.append(range(member.offset_data, member.offset_data + member.size))
                    if content := archive.extractfile(member):
                        yield member.name, _chunks(content)
    elif stream := _decompressed(raw, sample):
        # After the last stream of gzip nothing else is let pass; the other readers end there without a word.
        known.append(range(raw.seek(0, os.SEEK_END) if sample.startswith(_GZIP) else 1))
        raw.seek(0)
        with stream:
            # What comes before the place where it is damaged shall be read: `read` would keep it back.
            yield "", iter(partial(stream.read1, _CHUNK), b"")


def _end(entry: zipfile.ZipInfo) -> int:
    return entry.header_offset + _ZIP_HEADER + len(entry.filename) + len(entry.extra) + entry.compress_size


def _beginning(raw: IO[bytes]) -> bytes:
    raw.seek(0)
    return raw.read(_SEARCHED_AT_MOST)


def _decompressed(raw: IO[bytes], sample: bytes) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile | None:
    raw.seek(0)
    if sample.startswith(_GZIP):
        return gzip.GzipFile(fileobj=raw, mode="rb")
    if sample.startswith(_BZIP2):
        return bz2.BZ2File(raw)
    return lzma.LZMAFile(raw) if sample.startswith((_XZ, _LZMA)) else None


def _of_zip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    # Opened only when it is read: a member that cannot be opened does not hide those after it.
    with archive.open(entry) as file:
        yield from _chunks(file)


def _chunks(file: _Readable) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _read(raw: IO[bytes]) -> Iterator[bytes]:
    raw.seek(0)
    return _chunks(raw)


def _transcoded(raw: IO[bytes], encoding: str) -> Iterator[bytes]:
    text = codecs.getincrementaldecoder(encoding)(errors="replace")
    return (text.decode(chunk).encode() for chunk in _read(raw))


def _is_ours_to_raise(error: BaseException) -> bool:
    """Tell a full disk from a damaged archive, which is an `OSError` without a number."""
    return isinstance(error, OSError) and error.errno is not None
