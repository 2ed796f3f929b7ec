"""Take the records out of the ZIP file of an artifact. Whatever job wrote it may have put anything into it.

So nothing but regular files with the names of records is written, at the top of the folder, and sizes are limited.
Source of the format: APPNOTE.TXT, 4.3.12 (the list of entries), 4.4.4 (encryption) and 4.4.15 (kinds of files).
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from typing import TYPE_CHECKING

from goldenpath.delivery.evidence.run_records import LARGEST_FILE, RecordKind

if TYPE_CHECKING:
    from pathlib import Path

MOST_ENTRIES = 2_000
# What a list of so many entries takes, with long names.
_LONGEST_LIST = MOST_ENTRIES << 9
_BLOCK = 1 << 18
# Those that actions/upload-artifact uses.
_COMPRESSIONS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class _ArtifactFile(io.FileIO):
    """A file that is not read in one piece, as zipfile would read a list of entries of any length."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to `size` bytes. Raises `BadZipFile` for more than a list of entries may have."""
        if size is not None and size > _LONGEST_LIST:
            raise zipfile.BadZipFile(f"it has more than {MOST_ENTRIES} entries")
        return super().read(-1 if size is None else size) or b""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to `offset`. Raises `BadZipFile` for a place before the file, which a damaged list may name."""
        if whence == os.SEEK_SET and offset < 0:
            raise zipfile.BadZipFile("an entry begins before the file does")
        return super().seek(offset, whence)


def unpack(archive: Path, folder: Path) -> None:
    """Write the records in `archive` into the empty `folder`; everything else in it is left out.

    Raises `ValueError` for what is no ZIP file, is damaged, or goes beyond the limits, and `OSError` for the disk.
    """
    try:
        with _ArtifactFile(archive) as file, zipfile.ZipFile(file) as zipped:
            entries = zipped.infolist()
            if len(entries) > MOST_ENTRIES:
                raise ValueError(f"it has more than {MOST_ENTRIES} entries")
            for entry in entries:
                # `filename` ends at a zero byte.
                if entry.orig_filename in set(RecordKind):
                    _unpack_one(zipped, entry, folder / RecordKind(entry.orig_filename))
    except _DAMAGED as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _unpack_one(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    if stat.S_IFMT(entry.external_attr >> 16) not in {0, stat.S_IFREG}:
        raise ValueError(f"{path.name} in it is no regular file")
    if entry.compress_type not in _COMPRESSIONS:
        raise ValueError(f"{path.name} in it is compressed in a way that artifacts do not use")
    size = 0
    try:
        with path.open("xb") as written, zipped.open(entry) as content:
            while block := content.read(_BLOCK):
                size += len(block)
                if size > LARGEST_FILE:
                    raise ValueError(f"{path.name} in it is larger than {LARGEST_FILE >> 20} MB")
                written.write(block)
    except FileExistsError:
        raise ValueError(f"it has {path.name} twice") from None
