"""Search an image's layers for git folders, which scanners skip, and for Java archives, which need a database.

Source: OCI Image Specification 1.1, "Image Layer Filesystem Changeset"; aquasecurity/trivy, `analyzer/secret`, whose
secret scanner never enters `.git`, and `analyzer/language/java/jar`, which opens files by the end of their name.
"""

from __future__ import annotations

import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

from isal import igzip, isal_zlib

from goldenpath.delivery.image import git_folders
from goldenpath.delivery.image.git_folders import GitFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from goldenpath.delivery.model.layout import Descriptor

GIT_FOLDER = ".git"
# The endings, in any case, of files that trivy opens as Java archives.
_JAVA_ARCHIVES = (".jar", ".war", ".ear", ".par")
# The prefix of a file with which a layer deletes a file of an earlier one.
_WHITEOUT = ".wh."
# Every git repository has these; a folder that is only called `.git` has none of them.
_ESSENTIAL_PARTS = ("HEAD", "config", "objects")
# The errors of a layer that cannot be read.
UNREADABLE_LAYER = (tarfile.TarError, OSError, EOFError, ValueError, cast("type[Exception]", isal_zlib.error))


@dataclass(frozen=True)
class LayerSearch:
    """The git folders in an image's layers and the layers that could not be read.

    `java_archive` is the path of the first Java archive, and empty when no layer that could be read holds one.
    """

    git_folders: tuple[GitFolder, ...]
    unread: tuple[str, ...]
    java_archive: str = ""


def search_layer(path: Path, layer: Descriptor, unpacked: Path | None = None) -> LayerSearch:
    """Search one layer, whose bytes are in the file `path` and, decompressed, in `unpacked`."""
    folders: list[GitFolder] = []
    java_archive = ""
    unread = []
    try:
        with _archive(path, layer, unpacked) as archive:
            for member in archive:
                folders.extend(_of_git(archive, member))
                if not java_archive and _is_java_archive(member):
                    java_archive = member.name.removeprefix("./")
    except UNREADABLE_LAYER:
        unread.append(str(layer.digest))
    return LayerSearch(git_folders.merge_folders(folders), tuple(unread), java_archive)


def merge_searches(layers: Iterable[LayerSearch]) -> LayerSearch:
    """Return the combined result for `layers`, the lowest first."""
    every = tuple(layers)
    return LayerSearch(
        git_folders.merge_folders(folder for layer in every for folder in layer.git_folders),
        tuple(digest for layer in every for digest in layer.unread),
        next((layer.java_archive for layer in every if layer.java_archive), ""),
    )


@contextmanager
def _archive(path: Path, layer: Descriptor, unpacked: Path | None) -> Iterator[tarfile.TarFile]:
    if unpacked:
        # This skips the contents of files instead of reading them.
        with tarfile.open(unpacked, "r:") as archive:
            yield archive
        return
    with open_layer(path, layer) as content, tarfile.open(fileobj=content, mode="r|") as archive:
        yield archive


def _is_java_archive(member: tarfile.TarInfo) -> bool:
    """Return whether trivy opens `member` as a Java archive: it follows no links, and a whiteout is not a file."""
    name = member.name.rpartition("/")[2]
    return member.isreg() and name.lower().endswith(_JAVA_ARCHIVES) and not name.startswith(_WHITEOUT)


def _of_git(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[GitFolder]:
    """Yield the git folder that `member` proves to exist, and the one that its content describes; skip links."""
    parts = member.name.removeprefix("./").split("/")
    if GIT_FOLDER not in parts[:-1]:
        return
    place = parts.index(GIT_FOLDER)
    folder, name = "/".join(parts[: place + 1]), "/".join(parts[place + 1 :])
    if parts[place + 1] in _ESSENTIAL_PARTS:
        yield GitFolder(folder)
    if git_folders.names_origin(name) and not member.isdir():
        yield _from_member(archive, member, folder, name)


def _from_member(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: str, name: str) -> GitFolder:
    content = archive.extractfile(member) if member.isreg() and member.size <= git_folders.LARGEST else None
    return git_folders.read(folder, name, content.read()) if content else git_folders.unreadable_folder(folder)


def open_layer(path: Path, layer: Descriptor) -> IO[bytes]:
    """Return the tar archive of a layer, decompressed while it is read. Raises `ValueError` for a layer in zstd."""
    if layer.media_type.endswith("zstd"):
        raise ValueError("compressed with zstd")
    if layer.media_type.endswith("gzip"):
        return cast("IO[bytes]", cast("Any", igzip).open(path, "rb"))
    return path.open("rb")
