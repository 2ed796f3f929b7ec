"""The folder that keeps the records of runs: `<run>/<artifact>/`, each of these there whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.evidence import artifact_zip
from goldenpath.delivery.evidence.run_records import PART
from goldenpath.shared import codec
from goldenpath.shared.errors import WorkFolderBusy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.shared.http import Http

LARGEST_ARTIFACT = 256 << 20
_OK = 200
_ZIP = "artifact.zip"


@contextmanager
def opened(keep: Path | None) -> Iterator[Path]:
    """Give the folder `keep`, made if need be, or a temporary one that is removed after the block.

    Raises `WorkFolderBusy` while another process has it, and `DiskTrouble`.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="goldenpath-evidence-") as temporary:
            yield Path(temporary)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
        lock = os.open(keep, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise codec.disk_trouble(error, keep) from error
    try:
        _claim(lock, keep)
        yield keep
    finally:
        os.close(lock)


def _claim(lock: int, keep: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WorkFolderBusy(
            f"Another `goldenpath evidence` is filling {keep}",
            why="Two that fetch into one folder would remove each other's files",
            fix="Wait until it has ended, or choose another folder with --keep",
        ) from None
    except OSError:
        pass  # a file system without locks


def fill(place: Path, http: Http, address: str, digest: str) -> None:
    """Fill the folder `place` with the records of the artifact at `address`, which needs no login.

    `digest` is that of the ZIP file; empty where GitHub names none. Raises `ValueError` for an artifact that cannot be
    taken, `RegistryUnreachable` and `DiskTrouble`; then there is no such folder.
    """
    part = place.with_name(f".{place.name}{PART}")
    archive = part / _ZIP
    try:
        shutil.rmtree(part, ignore_errors=True)  # of a fetch that was killed
        part.mkdir(parents=True)
        response = http.save(address, {"User-Agent": "goldenpath"}, archive, largest=LARGEST_ARTIFACT)
        if response.status != _OK:
            raise ValueError(f"its storage responded with HTTP {response.status}")
        _require_digest(archive, digest)
        artifact_zip.unpack(archive, part)
        archive.unlink()
        part.rename(place)
    except OSError as error:
        raise codec.disk_trouble(error, place) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _require_digest(archive: Path, listed: str) -> None:
    with archive.open("rb") as file:
        digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    if listed and listed != digest:
        raise ValueError("its SHA-256 is not the one that GitHub lists")
