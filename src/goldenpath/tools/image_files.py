"""What lies in an image's layers under a name that scanners pass over: git folders, with history and credentials.

Source: OCI Image Specification 1.1, "Image Layer Filesystem Changeset"; aquasecurity/trivy, `analyzer/secret`, whose
secret scanner never enters `.git`.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

from isal import igzip, isal_zlib

from goldenpath.tools import git_folders
from goldenpath.tools.git_folders import GitFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.model.layout import Descriptor, Image, Layout

GIT_FOLDER = ".git"
# What a git folder cannot do without: a lone folder of that name is none.
_HEARTS = ("HEAD", "config", "objects")
_BROKEN = (tarfile.TarError, OSError, EOFError, ValueError, cast("type[Exception]", isal_zlib.error))


@dataclass(frozen=True)
class LayerSearch:
    """The git folders in an image's layers, and the layers that could not be read."""

    git_folders: tuple[GitFolder, ...]
    unread: tuple[str, ...]


def search(layout: Layout, image: Image) -> LayerSearch:
    """Look through every layer of `image`, those included whose files a later layer hides."""
    found: list[GitFolder] = []
    unread = []
    for layer in image.manifest.layers:
        try:
            found.extend(_git_folders(layout.blob(layer.digest), layer))
        except _BROKEN:
            unread.append(str(layer.digest))
    return LayerSearch(git_folders.joined(found), tuple(unread))


def _git_folders(path: Path, layer: Descriptor) -> Iterator[GitFolder]:
    """Yield each git folder, and again with what each of its files tells; a link tells nothing."""
    if layer.media_type.endswith("zstd"):
        raise ValueError("compressed with zstd")
    seen = set[str]()
    with _opened(path, layer) as content, tarfile.open(fileobj=content, mode="r|") as archive:
        for member in archive:
            parts = member.name.removeprefix("./").split("/")
            if GIT_FOLDER in parts[:-1]:
                place = parts.index(GIT_FOLDER)
                folder, name = "/".join(parts[: place + 1]), "/".join(parts[place + 1 :])
                if parts[place + 1] in _HEARTS and folder not in seen:
                    seen.add(folder)
                    yield GitFolder(folder)
                if git_folders.is_told(name) and not member.isdir():
                    yield _told(archive, member, folder, name)


def _told(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: str, name: str) -> GitFolder:
    content = archive.extractfile(member) if member.isreg() and member.size <= git_folders.LARGEST else None
    return git_folders.read(folder, name, content.read()) if content else git_folders.unreadable(folder)


def _opened(path: Path, layer: Descriptor) -> IO[bytes]:
    if layer.media_type.endswith("gzip"):
        return cast("IO[bytes]", cast("Any", igzip).open(path, "rb"))
    return path.open("rb")
