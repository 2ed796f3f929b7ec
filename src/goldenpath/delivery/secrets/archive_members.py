"""Read the contents packed in a file: members of an archive, a compressed stream, or streams in the middle of it."""

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
from typing import IO, TYPE_CHECKING

from goldenpath.delivery.secrets import embedded_streams

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.delivery.secrets.scan_limits import FileBudget

CHUNK = 1 << 20
# Bytes. A larger file is memory-mapped instead of read into memory.
IN_MEMORY = 8 << 20
_GZIP, _BZIP2, _XZ, _LZMA = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x5d\x00\x00"
_TAR = (257, b"ustar")
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, ValueError)


def may_contain_files(raw: IO[bytes], sample: bytes) -> bool:
    """Return whether `raw`, which begins with `sample`, may contain other files."""
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

    A compressed stream has one member without a name. A zip is read by its directory: a member that the directory does
    not list is not searched for (docs/threat-model.md). In a file that is neither zip nor tar, and in a damaged
    archive, streams may begin anywhere.
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
            # The gzip reader fails if other data follows its last stream; the other readers stop there silently.
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
    """Return the members that a zip or tar lists, or `None` if `raw` is neither."""
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
            # `tarfile` keeps every member it has read, and there may be millions of empty ones.
            archive.members.clear()  # type: ignore[attr-defined]
            budget.check_time()
            # Programs that unpack a tar treat a member of an unknown type as a file.
            is_file = member.isfile() or member.type not in tarfile.SUPPORTED_TYPES
            if is_file and (content := archive.extractfile(member)):
                yield member.name, chunks(content)
        # The reader stops silently at a header that it cannot read. Other programs continue after it.
        raw.seek(archive.offset)
        if any(chunk.strip(b"\0") for chunk in chunks(raw)):
            raise tarfile.ReadError("it does not end with the last member")


def _read_to_end(stream: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile, ended: list[bool]) -> Iterator[bytes]:
    """Yield the content of `stream`, and add to `ended` once it was read to its end without damage."""
    # `read1` also returns the bytes before a damaged place, which `read` would discard.
    yield from iter(partial(stream.read1, CHUNK), b"")
    ended.append(True)


def whole_content(raw: IO[bytes]) -> bytes | mmap.mmap:
    """Return the whole content of `raw`; a large file is memory-mapped."""
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
    # Open the member only when it is read, so that one that cannot be opened does not hide those after it.
    with archive.open(entry) as file:
        yield from chunks(file)


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the rest of `file`."""
    while chunk := file.read(CHUNK):
        yield chunk


def read(raw: IO[bytes]) -> Iterator[bytes]:
    """Yield the whole content of `raw` in chunks."""
    raw.seek(0)
    return chunks(raw)
