"""Keep the layers that builds of one person wrote on this machine, so that an unchanged one is not made again.

Workflow runs never use it: files on a kept runner may come from an earlier job of anybody. The name of a kept file is
the digest of everything that it depends on. A layout with kept layers is compared with its digests before it is used;
where one is damaged, all kept layers are removed, and the build runs without them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from goldenpath.delivery.layers import layer_archive, layer_files, layer_repeats
from goldenpath.delivery.layers.layer_files import WrittenLayer
from goldenpath.delivery.layers.layer_repeats import Entry
from goldenpath.delivery.model.layout import Descriptor, Layout
from goldenpath.shared import codec, digest_prefix, protection
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.layers.layer_archive import Times

# The layer that was not used for the longest time is removed first.
BYTES_AT_MOST = 4 << 30
# Longer than any build takes: an older folder was left by a build that was killed.
_SECONDS_AT_MOST = 24 * 3600
_STAGE, _LISTING = "build-", ".listing"

T = TypeVar("T")


@cache
def _writer() -> str:
    """Return an identifier of the program that writes the bytes of layers: our code and the compressor's version."""
    # Any change to this code may change the bytes that it writes. A version number would be forgotten one day.
    code = b"".join(Path(str(module.__file__)).read_bytes() for module in (layer_files, layer_archive, layer_repeats))
    return f"{Digest.of(code)} {version('deflate')}"


class LayerNotExported(Exception):
    """The content of a layer is needed, for example for other times, and was not exported."""


class _LayerRecord(Struct, frozen=True):
    """A layer that was written: its descriptor, and its digest uncompressed."""

    layer: Descriptor
    diff_id: Digest


class _Listing(Struct, frozen=True):
    entries: tuple[Entry, ...]


@dataclass
class KeptLayers:
    """The layers in `folder`.

    `blobs` holds layers as they are in images. `made` has a folder for each layer of BuildKit, by its digest, with the
    records of what was written from it.
    """

    folder: Path
    _lent: set[Digest] = field(default_factory=set)

    @contextmanager
    def staging(self, *, hollow: bool) -> Iterator[Layout]:
        """Give a layout that holds all kept layers, so that BuildKit does not export them again.

        Where it is `hollow`, it has an empty file for each layer of BuildKit from which one was written: mostly the
        content is not needed any more. Raises `OSError` where nothing can be kept, and `FolderUntrusted` where somebody
        else may have written to the folder: the layers end up in images.
        """
        # These files end up in images (docs/adr/0017-what-a-runner-may-have-kept.md).
        protection.private_folder(self.folder)
        self._blobs.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=_STAGE, dir=self.folder, ignore_cleanup_errors=True) as folder:
            layout = Layout(Path(folder))
            layout.blobs.mkdir(parents=True)
            for blob in self._blobs.iterdir():
                digest = Digest(f"sha256:{blob.name}")
                layout.blob(digest).hardlink_to(blob)
                # Another build may keep more layers from now on; they are not in this layout.
                self._lent.add(digest)
            for made in self._made.glob("*") if hollow else ():
                if any(self._blob(record.layer.digest).exists() for record in self._records(made)):
                    (layout.blobs / made.name).touch()
            yield layout

    def written(self, diff_id: Digest, times: Times, left_out: frozenset[bytes]) -> WrittenLayer | None:
        """Return the layer that was written from `diff_id` in the same way, where the staged layout has it."""
        record = self._read(self._record(diff_id, times, left_out), _LayerRecord)
        if record is None or record.layer.digest not in self._lent:
            return None
        return WrittenLayer(record.layer, record.diff_id, diff_id)

    def keep_written(self, written: WrittenLayer, times: Times, left_out: frozenset[bytes]) -> None:
        """Record that a layer was written; `keep` keeps the layer itself."""
        path = self._record(written.old_diff_id, times, left_out)
        self._write(path, _LayerRecord(written.layer, written.diff_id))

    def listing(self, diff_id: Digest, *, is_copy: bool) -> tuple[Entry, ...] | None:
        """Return the files of the layer `diff_id`; `None` where they are not kept."""
        kept = self._read(self._of(diff_id, _LISTING, is_copy), _Listing)
        return kept.entries if kept else None

    def keep_listing(self, diff_id: Digest, entries: tuple[Entry, ...], *, is_copy: bool) -> None:
        """Keep the files of a layer."""
        self._write(self._of(diff_id, _LISTING, is_copy), _Listing(entries))

    def keep(self, staged: Layout) -> None:
        """Keep the layers of the layout that was staged, as hard links: no other layout may share its files."""
        for layer in {layer.digest for image in staged.images() for layer in image.manifest.layers}:
            with suppress(FileExistsError):
                self._blob(layer).hardlink_to(staged.blob(layer))
            # The time of its last use, for `_remove_old`: many file systems do not record reads.
            os.utime(self._blob(layer))
        self._remove_old()

    def clear(self) -> None:
        """Remove all kept layers and records."""
        for folder in (self._made, self._blobs):
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def _blobs(self) -> Path:
        return self.folder / "blobs"

    @property
    def _made(self) -> Path:
        return self.folder / "made"

    def _blob(self, digest: Digest) -> Path:
        return self._blobs / digest.hex

    def _record(self, diff_id: Digest, times: Times, left_out: frozenset[bytes]) -> Path:
        return self._of(diff_id, "", times.time, times.kept_before, sorted(left_out))

    def _of(self, diff_id: Digest, end: str, *what: object) -> Path:
        return self._made / diff_id.hex / f"{Digest.of(repr((_writer(), *what)).encode()).hex}{end}"

    def _records(self, made: Path) -> Iterator[_LayerRecord]:
        for path in made.iterdir():
            if path.suffix != _LISTING and (record := self._read(path, _LayerRecord)):
                yield record

    def _read(self, path: Path, kind: type[T]) -> T | None:
        try:
            return codec.decode(digest_prefix.opened(path.read_bytes()), kind)
        except (OSError, ValueError):
            return None

    def _write(self, path: Path, value: Struct) -> None:
        codec.write_bytes(path, digest_prefix.seal(codec.encode(value)))

    def _remove_old(self) -> None:
        """Remove layers until the rest is small enough, and the records from which no written layer remains."""
        blobs = sorted((blob.stat().st_mtime, blob.stat().st_size, blob) for blob in self._blobs.iterdir())
        total = sum(size for _, size, _ in blobs)
        for _, size, blob in blobs:
            if total <= BYTES_AT_MOST:
                break
            blob.unlink(missing_ok=True)
            total -= size
        for made in self._made.glob("*"):
            if not any(self._blob(record.layer.digest).exists() for record in self._records(made)):
                shutil.rmtree(made, ignore_errors=True)
        for stage in self.folder.glob(f"{_STAGE}*"):
            if stage.stat().st_mtime < time.time() - _SECONDS_AT_MOST:
                shutil.rmtree(stage, ignore_errors=True)
