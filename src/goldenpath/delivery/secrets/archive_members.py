"""What is packed in a file: the members of an archive, a compressed stream, or streams in the middle of a file."""

from __future__ import annotations

import bz2
import gzip
import lzma
import mmap
import os
import tarfile
import zipfile
import zlib
from functools import partial
from typing import IO, TYPE_CHECKING, Protocol

from goldenpath.delivery.secrets import embedded_streams

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.delivery.secrets.scan_limits import FileBudget

CHUNK = 1 << 20
# Bytes; what is larger is not held in memory.
IN_MEMORY = 8 << 20
_GZIP, _BZIP2, _XZ, _LZMA = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x5d\x00\x00"
_TAR = (257, b"ustar")
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, ValueError)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def may_contain_files(raw: IO[bytes], sample: bytes) -> bool:
    """Tell whether anything may be packed in `raw`, which begins with `sample`."""
    is_tar = sample[_TAR[0] :].startswith(_TAR[1])
    if (
        is_tar
        or sample.startswith((_GZIP, _BZIP2, _XZ, _LZMA))
        or embedded_streams.may_hold_streams(whole_content(raw))
    ):
        return True
    raw.seek(0)
    return zipfile.is_zipfile(raw)


def members(raw: IO[bytes], sample: bytes, budget: FileBudget) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield name and content of each member, where `raw` is an archive or has one in it.

    A compressed stream has one member without a name. A zip holds what its directory lists: a member hidden
    from the directory is not searched for (docs/threat-model.md). In a file that is neither zip nor tar, and in a
    damaged archive, streams may begin anywhere.
    """
    begin, damage = 0, None
    try:
        if listed := _listed(raw, sample, budget):
            yield from listed
            return
        if stream := _decompressed(raw, sample):
            ended: list[bool] = []
            with stream:
                yield "", _read_to_end(stream, ended)
            # After the last stream of gzip nothing else is accepted; the other readers end there without a word.
            if ended and sample.startswith(_GZIP):
                return
            begin = 1
    except DAMAGED as error:
        damage = error
    for place, content in embedded_streams.streams(whole_content(raw), budget, begin):
        yield f"at byte {place}", content
    if damage:
        raise damage


def _listed(raw: IO[bytes], sample: bytes, budget: FileBudget) -> Iterator[tuple[str, Iterable[bytes]]] | None:
    """Return what a zip or a tar says is in it; `None` where `raw` is neither."""
    raw.seek(0)
    if zipfile.is_zipfile(raw):
        return _in_zip(raw)
    return _in_tar(raw, budget) if sample[_TAR[0] :].startswith(_TAR[1]) else None


def _in_zip(raw: IO[bytes]) -> Iterator[tuple[str, Iterable[bytes]]]:
    with zipfile.ZipFile(raw) as zipped:
        for entry in zipped.infolist():
            if not entry.is_dir():
                yield entry.filename, _of_zip(zipped, entry)


def _in_tar(raw: IO[bytes], budget: FileBudget) -> Iterator[tuple[str, Iterable[bytes]]]:
    raw.seek(0)
    with tarfile.open(fileobj=raw, mode="r:", errors="replace") as archive:
        for member in archive:
            # It would keep all of them, and there may be millions that hold nothing.
            archive.members.clear()  # type: ignore[attr-defined]
            budget.check_time()
            # A member of an unknown type is a file to those who unpack it.
            is_file = member.isfile() or member.type not in tarfile.SUPPORTED_TYPES
            if is_file and (content := archive.extractfile(member)):
                yield member.name, _chunks(content)
        # The reader ends without a word at a header that it cannot read. Other programs go on behind it.
        raw.seek(archive.offset)
        if any(chunk.strip(b"\0") for chunk in _chunks(raw)):
            raise tarfile.ReadError("it does not end with the last member")


def _read_to_end(stream: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile, ended: list[bool]) -> Iterator[bytes]:
    """Yield the content of `stream`, and note in `ended` that it was not damaged."""
    # What comes before the place where it is damaged shall be read: `read` would keep it back.
    yield from iter(partial(stream.read1, CHUNK), b"")
    ended.append(True)


def whole_content(raw: IO[bytes]) -> bytes | mmap.mmap:
    """Return all of `raw`, without holding a large one in memory."""
    size = raw.seek(0, os.SEEK_END)
    raw.seek(0)
    if size <= IN_MEMORY:
        return raw.read()
    raw.flush()
    return mmap.mmap(raw.fileno(), size, access=mmap.ACCESS_READ)


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
    while chunk := file.read(CHUNK):
        yield chunk


def read(raw: IO[bytes]) -> Iterator[bytes]:
    """Yield all of `raw`, in pieces."""
    raw.seek(0)
    return _chunks(raw)
