"""An archive that an auditor can check with tar and sha256sum: sorted names, fixed times, the hash of every file."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import tarfile
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.shared.codec import disk_trouble
from goldenpath.shared.errors import EvidenceMismatch

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SUMS = "SHA256SUMS"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}", re.ASCII)


class MissingEvidence(Struct, frozen=True):
    """Evidence that the archive lacks: what it is `about`, `what` is missing, and how to `fix` or explain it."""

    about: str
    what: str
    fix: str


@dataclass(frozen=True)
class ArchivedFile:
    """One file of the archive. `content` is its bytes, or a file that had the `sha256` when it was read.

    Raises `ValueError` for a path that could leave the folder in which the archive is unpacked.
    """

    path: str
    content: bytes | Path
    sha256: str = ""

    def __post_init__(self) -> None:
        """Check the path."""
        if not all(_PART.fullmatch(part) for part in self.path.split("/")):
            raise ValueError(f"{self.path!a} is no safe path in an archive")

    def read(self) -> bytes:
        """Return the content. Raises `EvidenceMismatch` if the file changed since it was read, and `DiskTrouble`."""
        if isinstance(self.content, bytes):
            return self.content
        try:
            raw = self.content.read_bytes()
        except OSError as error:
            raise disk_trouble(error, self.content) from error
        if hashlib.sha256(raw).hexdigest() != self.sha256:
            raise EvidenceMismatch(
                f"{self.content} changed while the archive was made",
                why="Its SHA-256 is not what it was a moment ago",
                fix="Run the command again when nothing writes to the folder",
            )
        return raw


def write(output: Path, root: str, files: Iterable[ArchivedFile]) -> str:
    """Write `files` below the folder `root` into the archive `output`, whole or not at all; return its SHA-256.

    The same files make the same bytes. Raises `DiskTrouble`, and what `ArchivedFile.read` does.
    """
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as packed:
            _pack(packed, root, files)
        digest = _sha256(part)
        part.replace(output)
    except OSError as error:
        raise disk_trouble(error, output) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return digest


def _pack(packed: gzip.GzipFile, root: str, files: Iterable[ArchivedFile]) -> None:
    sums = []
    with tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for file in sorted(files, key=lambda file: file.path):
            content = file.read()
            sums.append(f"{hashlib.sha256(content).hexdigest()}  {file.path}\n")
            _add(archive, f"{root}/{file.path}", content)
        _add(archive, f"{root}/{SUMS}", "".join(sums).encode())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)  # its time, owner and group are 0 and its mode is 0644, on every machine
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
