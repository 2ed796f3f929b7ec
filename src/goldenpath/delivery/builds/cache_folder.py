"""Read and write the folder of a build cache; every byte of a restored one is compared with its digest first.

GitHub's cache stores what anybody saved who may run a workflow on a branch (docs/adr/0037-build-cache.md).
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.model.build_cache import BuildCache
from goldenpath.delivery.model.layout import Layout
from goldenpath.shared import codec
from goldenpath.shared.errors import CandidateChanged
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterator

# Half of what GitHub keeps for a repository before it deletes older caches (GitHub, "Dependency caching").
LARGEST = 5 << 30
# More than BuildKit writes for thousands of steps. These files are read into memory.
_LARGEST_DOCUMENT = 4 << 20
_RECORD, _LAYOUT = "cache.json", "layout"
# `ingest` is a folder that BuildKit leaves empty.
_FOLDERS = {"layout", "layout/blobs", "layout/blobs/sha256", "layout/ingest"}
_DOCUMENTS = {_RECORD, "layout/oci-layout", "layout/index.json"}


class CacheRejected(Exception):
    """A build cache cannot be used; the message is a clause that says why."""


@dataclass(frozen=True)
class CacheFolder:
    """A build cache in the folder `path`: its record, and an OCI image layout as BuildKit writes it."""

    path: Path

    @property
    def layout(self) -> Path:
        """The folder that BuildKit reads and writes."""
        return self.path / _LAYOUT

    @property
    def is_empty(self) -> bool:
        """Whether nothing was restored."""
        with suppress(OSError):
            return not os.path.lexists(self.path) or (self.path.is_dir() and not any(self.path.iterdir()))
        return False

    def clear(self) -> None:
        """Remove everything, whatever a restored archive put here. Raises `OSError` when that fails."""
        if self.path.is_dir() and not self.path.is_symlink():
            shutil.rmtree(self.path)
        else:
            self.path.unlink(missing_ok=True)
        self.path.mkdir(parents=True)

    def read(self, digest: Digest) -> BuildCache:
        """Return the record with this `digest`, after every byte of the cache was compared with its digest.

        Raises `CacheRejected` for any difference: a file that is missing, changed, too large or one too many.
        """
        try:
            return self._read(digest)
        except (OSError, ValueError) as error:
            raise CacheRejected(f"the build cache is damaged: {error}") from error
        except CandidateChanged as error:
            raise CacheRejected(f"the build cache is damaged: {error.what}, {error.why}") from error

    def write(self, record: BuildCache) -> Digest:
        """Write the `record` beside the layout and return its digest."""
        codec.write(self.path / _RECORD, record)
        return Digest.of((self.path / _RECORD).read_bytes())

    def manifest(self) -> Digest:
        """Return the digest of the manifest that BuildKit wrote. Raises `CacheRejected` without a usable one."""
        try:
            size = sum(path.stat().st_size for path in self.layout.rglob("*") if path.is_file())
            root = Layout(self.layout).root().digest
        except OSError as error:
            raise CacheRejected(str(error)) from error
        except CandidateChanged as error:
            raise CacheRejected(f"{error.what}, {error.why}") from error
        if size > LARGEST:
            raise CacheRejected(_too_large(size))
        return root

    def _read(self, digest: Digest) -> BuildCache:
        sizes = dict(_files(self.path))
        if (total := sum(sizes.values())) > LARGEST:
            raise CacheRejected(_too_large(total))
        if large := [name for name in _DOCUMENTS if sizes.get(name, 0) > _LARGEST_DOCUMENT]:
            raise CacheRejected(f"the build cache is damaged: {large[0]} is too large")
        content = (self.path / _RECORD).read_bytes()
        _require_named(content, digest)
        record = codec.decode(content, BuildCache)
        layout = Layout(self.layout)
        layout.require(record.manifest)
        # An index could name a blob of gigabytes as a manifest, which would be read into memory.
        if layout.root().media_type != MANIFEST:
            raise CacheRejected("the build cache is damaged: it is no single manifest")
        if layout.blob(record.manifest).stat().st_size > _LARGEST_DOCUMENT:
            raise CacheRejected("the build cache is damaged: its manifest is too large")
        layout.manifest_bytes(layout.root())
        layout.verify()
        known = {str(layout.blob(descriptor.digest).relative_to(self.path)) for descriptor in layout.descriptors()}
        if extra := sorted(set(sizes) - known - _DOCUMENTS):
            raise CacheRejected(f"the build cache holds a file that its manifest does not list: {extra[0]!a}")
        return record


def _require_named(record: bytes, digest: Digest) -> None:
    if Digest.of(record) != digest:
        raise CacheRejected("the build cache is not the one that its key names")


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield path and size of each file in `folder`. Raises `CacheRejected` for anything but plain files and folders."""
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise CacheRejected("the build cache is not a folder")
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            inner, status = str(path.relative_to(folder)), path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield inner, status.st_size
            elif not stat.S_ISDIR(status.st_mode) or inner not in _FOLDERS:
                raise CacheRejected(f"the build cache holds {inner!a}, which is no part of a cache")


def _too_large(size: int) -> str:
    return f"the build cache has {size / 1e9:.1f} GB, and {LARGEST / 1e9:.1f} GB are the most"
