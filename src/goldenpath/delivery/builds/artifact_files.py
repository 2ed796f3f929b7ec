"""Read the artifact of an earlier job, a folder or a zip file; check its files and place them in a build context.

The code that ran in that job chose the names and the bytes of the files. So only plain files under plain names are
taken, and none of them ever replaces a file. Source of the zip format: APPNOTE.TXT, 4.4.4 (encryption) and 4.5
(external attributes).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
import zipfile
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.checkout.checkout import CheckoutFile
from goldenpath.shared.errors import ContextRefused
from goldenpath.shared.input_text import is_too_long

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILES_AT_MOST = 100_000
BYTES_AT_MOST = 2 << 30
_SHOWN_AT_MOST, _DEPTH = 255, 100
_CHUNK = 1 << 20
_ENCRYPTED = 1
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
# actions/upload-artifact keeps no modes. With one mode for all, the same files give the same image from a folder, too.
_MODE = 0o644
# Files that decide how an image is built or judged must be in a commit: no reviewer sees an artifact.
_DECIDING = re.compile(
    r"(?:.*/)?(?:\.git|\.github|\.gitattributes|\.gitmodules|\.goldenpath[^/]*|\.gitleaks[^/]*|\.trivyignore[^/]*"
    r"|[^/]*\.dockerignore|(?:docker|container)file(?:\.[^/]*)?|[^/]*\.(?:docker|container)file)(?:/.*)?"
    r"|action\.ya?ml",
    re.IGNORECASE,
)
_UPLOAD_LESS = "Upload only what the Dockerfile copies: name it in `path:` of actions/upload-artifact."


@contextmanager
def opened(artifact: Path) -> Iterator[tuple[CheckoutFile, ...]]:
    """Give the files of `artifact`, sorted by their paths in it. Raises `ContextRefused`, `OSError`."""
    if artifact.is_dir():
        yield _files(artifact)
        return
    # A device is never read: it may have no end.
    if not artifact.is_file() or not zipfile.is_zipfile(artifact):
        raise ContextRefused(
            f"There is no folder and no zip file at {artifact}",
            why="In a workflow: the artifact could not be downloaded. It is of another run, or was deleted",
            fix="Give `context_artifact_id` the output `artifact-id` of an actions/upload-artifact step of this run, "
            "then choose *Re-run all jobs*; at a terminal, correct --context-artifact",
        )
    with tempfile.TemporaryDirectory(prefix="goldenpath-context-") as folder:
        _unpack(artifact, Path(folder))
        yield _files(Path(folder))


def require_plain(path: str) -> None:
    """Raise `ContextRefused` unless a file of an artifact may be called `path`, as seen from the build context."""
    parts = path.split("/")
    if not path.isprintable() or "\\" in path:
        raise refused(path, "Its name has a backslash, control characters, or bytes that are not UTF-8")
    if path.startswith("/") or {"", ".", ".."} & set(parts):
        raise refused(path, "Its name leads out of the build context, or is not the shortest for its place")
    if is_too_long(path) or len(parts) > _DEPTH:
        raise refused(path, f"Its name is longer than a path can be, or more than {_DEPTH} folders deep")
    if _DECIDING.fullmatch(path):
        raise refused(path, "Files that decide how an image is built or judged must be in a commit")


def refused(path: str, why: str, fix: str = _UPLOAD_LESS) -> ContextRefused:
    """Return the error to raise for the file `path` of an artifact."""
    return ContextRefused(
        f"The artifact holds {path[:_SHOWN_AT_MOST]!a}, which cannot be in the context", why=why, fix=fix
    )


def digest(files: Iterable[CheckoutFile]) -> str:
    """Return the digest of the paths and bytes of `files`."""
    hasher = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.path):
        hasher.update(f"{file.sha256} {file.path}\0".encode())
    return f"sha256:{hasher.hexdigest()}"


def is_same(file: CheckoutFile, place: Path) -> bool:
    """Tell whether there is already a plain file with the bytes of `file` at `place`."""
    try:
        return stat.S_ISREG(place.lstat().st_mode) and _sha256(place) == file.sha256
    except (FileNotFoundError, NotADirectoryError):
        return False


@contextmanager
def placed(files: Iterable[CheckoutFile], root: Path) -> Iterator[None]:
    """Place `files` below `root`, by their paths, while the block runs. Raises `ContextRefused`, `OSError`.

    A file that is there already, with the same bytes, stays after the block.
    """
    made: list[Path] = []
    try:
        for file in files:
            if not is_same(file, root / file.path):
                _place(file, root / file.path, made)
        yield
    finally:
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def _place(file: CheckoutFile, target: Path, made: list[Path]) -> None:
    for folder in reversed([parent for parent in target.parents if not parent.exists()]):
        folder.mkdir()
        folder.chmod(0o755)
        made.append(folder)
    hasher = hashlib.sha256()
    with target.open("xb") as written:  # never into a file, or through a link, that is there
        made.append(target)
        for chunk in file.content():
            hasher.update(chunk)
            written.write(chunk)
    target.chmod(_MODE)
    if hasher.hexdigest() != file.sha256:
        raise refused(file.path, "It was changed while it was copied", "Run again, with nothing that writes to it")


def _files(folder: Path) -> tuple[CheckoutFile, ...]:
    files: list[CheckoutFile] = []
    size = 0
    for path, entry in _walked(folder):
        if not entry.is_file(follow_symlinks=False):
            raise refused(path, "It is a link or a device, and not a plain file")
        size += entry.stat(follow_symlinks=False).st_size
        _require_room(len(files) + 1, size)
        files.append(CheckoutFile(path, Path(entry.path), _sha256(Path(entry.path))))
    if not files:
        raise ContextRefused(
            f"The artifact at {folder} holds no file",
            why="actions/upload-artifact found nothing (it leaves out files whose names begin with a dot), or the "
            "artifact is of another run or was deleted",
            fix="Correct its `path:`, set `if-no-files-found: error`, and pass on the id of an artifact of this run",
        )
    return tuple(sorted(files, key=lambda file: file.path))


def _walked(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield each entry below `folder` that is not a folder, with its path relative to `folder`."""
    waiting = [(os.fspath(folder), "")]
    while waiting:
        place, prefix = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                path = f"{prefix}{entry.name}"
                require_plain(path)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, f"{path}/"))
                else:
                    yield path, entry


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the zip file `archive` into the empty `folder`: each member once, and none that is no plain file."""
    size = 0
    try:
        with zipfile.ZipFile(archive) as zipped:
            entries = [entry for entry in zipped.infolist() if not entry.is_dir()]
            _require_room(len(entries), 0)
            for entry in entries:
                size += _unpack_one(zipped, entry, folder, size)
    except _DAMAGED as error:
        raise ContextRefused(
            f"{archive} cannot be read as a zip file", why=str(error), fix="Upload it again, and run all jobs again"
        ) from error


def _unpack_one(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, before: int) -> int:
    path = entry.orig_filename  # `filename` ends at a zero byte
    require_plain(path)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        raise refused(path, "It is a link or a device, and not a plain file")
    if entry.flag_bits & _ENCRYPTED:
        raise refused(path, "It is encrypted, so nobody can scan it")
    target, size = folder / path, 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as written, zipped.open(entry) as content:
            while chunk := content.read(_CHUNK):
                size += len(chunk)
                _require_room(1, before + size)
                written.write(chunk)
    except (FileExistsError, IsADirectoryError, NotADirectoryError):
        raise refused(path, "The artifact holds it twice, or as a file and as a folder") from None
    return size


def _require_room(files: int, size: int) -> None:
    if files > FILES_AT_MOST or size > BYTES_AT_MOST:
        raise ContextRefused(
            "The artifact is too large for a build context",
            why=f"It may hold {FILES_AT_MOST:,} files and {BYTES_AT_MOST >> 30} GiB, since all of it is scanned",
            fix=_UPLOAD_LESS,
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
