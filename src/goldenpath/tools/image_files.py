"""What lies in an image's layers under a name that scanners pass over: git folders, with history and credentials.

Source: OCI Image Specification 1.1, "Image Layer Filesystem Changeset"; aquasecurity/trivy, `analyzer/secret`, whose
secret scanner never enters `.git`.
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
# What a git folder cannot do without: a lone folder of that name is none.
_HEARTS = ("HEAD", "config", "objects")
# What reading a layer raises when it cannot be read.
BROKEN = (tarfile.TarError, OSError, EOFError, ValueError, cast("type[Exception]", isal_zlib.error))


@dataclass(frozen=True)
class LayerSearch:
    """The git folders in an image's layers (paths in the image), and the layers that could not be read."""

    git_folders: tuple[str, ...]
    unread: tuple[str, ...]


def search(layout: Layout, image: Image) -> LayerSearch:
    """Look through every layer of `image`, those included whose files a later layer hides."""
    found: dict[str, None] = {}
    unread = []
    for layer in image.manifest.layers:
        try:
            found |= dict.fromkeys(_git_folders(layout.blob(layer.digest), layer))
        except BROKEN:
            unread.append(str(layer.digest))
    return LayerSearch(tuple(found), tuple(unread))


def _git_folders(path: Path, layer: Descriptor) -> Iterator[str]:
    with opened(path, layer) as content, tarfile.open(fileobj=content, mode="r|") as archive:
        for member in archive:
            parts = member.name.removeprefix("./").split("/")
            if GIT_FOLDER in parts[:-1]:
                place = parts.index(GIT_FOLDER)
                if parts[place + 1] in _HEARTS:
                    yield "/".join(parts[: place + 1])


def opened(path: Path, layer: Descriptor) -> IO[bytes]:
    """Return the tar archive of a layer, decompressed while it is read. Raises `ValueError` for one that is in zstd."""
    if layer.media_type.endswith("zstd"):
        raise ValueError("compressed with zstd")
    if layer.media_type.endswith("gzip"):
        return cast("IO[bytes]", cast("Any", igzip).open(path, "rb"))
    return path.open("rb")
