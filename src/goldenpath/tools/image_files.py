"""What lies in an image's layers: git folders, which scanners pass over, and Java archives, which need a database.

Source: OCI Image Specification 1.1, "Image Layer Filesystem Changeset"; aquasecurity/trivy, `analyzer/secret`, whose
secret scanner never enters `.git`, and `analyzer/language/java/jar`, which opens files by the end of their name.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

from isal import igzip, isal_zlib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.model.layout import Descriptor, Image, Layout

GIT_FOLDER = ".git"
# What trivy opens as a Java archive, in capitals too.
_JAVA_ARCHIVES = (".jar", ".war", ".ear", ".par")
# How a layer says that a file of an earlier one is gone.
_WHITEOUT = ".wh."
# What a git folder cannot do without: a lone folder of that name is none.
_HEARTS = ("HEAD", "config", "objects")
_BROKEN = (tarfile.TarError, OSError, EOFError, ValueError, cast("type[Exception]", isal_zlib.error))


@dataclass(frozen=True)
class LayerSearch:
    """The git folders in an image's layers (paths in the image), and the layers that could not be read.

    `java_archive` is the path of the first Java archive, and empty when no layer that could be read holds one.
    """

    git_folders: tuple[str, ...]
    unread: tuple[str, ...]
    java_archive: str = ""


def search(layout: Layout, image: Image) -> LayerSearch:
    """Look through every layer of `image`, those included whose files a later layer hides."""
    git_folders: dict[str, None] = {}
    java_archive = ""
    unread = []
    for layer in image.manifest.layers:
        try:
            for member in _members(layout.blob(layer.digest), layer):
                path = member.name.removeprefix("./")
                if folder := _git_folder(path):
                    git_folders[folder] = None
                if not java_archive and _is_java_archive(member):
                    java_archive = path
        except _BROKEN:
            unread.append(str(layer.digest))
    return LayerSearch(tuple(git_folders), tuple(unread), java_archive)


def _members(path: Path, layer: Descriptor) -> Iterator[tarfile.TarInfo]:
    if layer.media_type.endswith("zstd"):
        raise ValueError("compressed with zstd")
    with _opened(path, layer) as content, tarfile.open(fileobj=content, mode="r|") as archive:
        yield from archive


def _is_java_archive(member: tarfile.TarInfo) -> bool:
    """Tell whether trivy opens `member` as a Java archive: links are not followed, and a whiteout is no file."""
    name = member.name.rpartition("/")[2]
    return member.isreg() and name.lower().endswith(_JAVA_ARCHIVES) and not name.startswith(_WHITEOUT)


def _git_folder(path: str) -> str:
    """Return the git folder that the file `path` is at the heart of; empty when it is of none."""
    parts = path.split("/")
    if GIT_FOLDER not in parts[:-1]:
        return ""
    place = parts.index(GIT_FOLDER)
    return "/".join(parts[: place + 1]) if parts[place + 1] in _HEARTS else ""


def _opened(path: Path, layer: Descriptor) -> IO[bytes]:
    if layer.media_type.endswith("gzip"):
        return cast("IO[bytes]", cast("Any", igzip).open(path, "rb"))
    return path.open("rb")
