"""Layers that earlier builds of the same person wrote on this machine, so that an unchanged one is not made again.

Never for a workflow run: what lies on a kept runner may come from an earlier job of anybody. Each thing is named by all
that it depends on. A layout that has some of them is compared with its digests before it is used; where one is damaged,
nothing is kept any more, and the build is made without it.
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
from goldenpath.delivery.layers.layer_files import Written
from goldenpath.delivery.layers.layer_repeats import Entry
from goldenpath.delivery.model.layout import Descriptor, Layout
from goldenpath.shared import codec, digest_prefix, protection
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.layers.layer_archive import Times

# What was not used for the longest time is removed first.
BYTES_AT_MOST = 4 << 30
# Longer than any build takes: what is older was left by one that was killed.
_SECONDS_AT_MOST = 24 * 3600
_STAGE, _LISTING = "build-", ".listing"

T = TypeVar("T")


@cache
def _writer() -> str:
    """Return what decides about the bytes of a layer beside its files: our code, and the compressor's version."""
    # Any change to this code may change the bytes that it writes, and nobody would remember to raise a number.
    code = b"".join(Path(str(module.__file__)).read_bytes() for module in (layer_files, layer_archive, layer_repeats))
    return f"{Digest.of(code)} {version('deflate')}"


class LayerHollow(Exception):
    """The content of a layer is needed, for example for other times, and was not exported."""


class _Record(Struct, frozen=True):
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
        """Give a layout that holds all that is kept, so that BuildKit exports nothing of it again.

        Where it is `hollow`, it has an empty file for each layer of BuildKit from which one was written: mostly the
        content is not needed any more. Raises `OSError` where nothing can be kept, and `FolderUntrusted` where somebody
        else may have written something: it would end up in images.
        """
        # What lies here ends up in images (docs/adr/0017-what-a-runner-may-have-kept.md).
        protection.private_folder(self.folder)
        self._blobs.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=_STAGE, dir=self.folder, ignore_cleanup_errors=True) as folder:
            layout = Layout(Path(folder))
            layout.blobs.mkdir(parents=True)
            for blob in self._blobs.iterdir():
                digest = Digest(f"sha256:{blob.name}")
                layout.blob(digest).hardlink_to(blob)
                # What another build keeps from now on is not in this layout, and so must not be believed to be.
                self._lent.add(digest)
            for made in self._made.glob("*") if hollow else ():
                if any(self._blob(record.layer.digest).exists() for record in self._records(made)):
                    (layout.blobs / made.name).touch()
            yield layout

    def written(self, diff_id: Digest, times: Times, left_out: frozenset[bytes]) -> Written | None:
        """Return what was written from the layer `diff_id` in the same way, where the staged layout has it."""
        record = self._read(self._record(diff_id, times, left_out), _Record)
        if record is None or record.layer.digest not in self._lent:
            return None
        return Written(record.layer, record.diff_id, diff_id)

    def keep_written(self, written: Written, times: Times, left_out: frozenset[bytes]) -> None:
        """Keep that a layer was written; `keep` keeps the layer itself."""
        path = self._record(written.old_diff_id, times, left_out)
        self._write(path, _Record(written.layer, written.diff_id))

    def listing(self, diff_id: Digest, *, is_copy: bool) -> tuple[Entry, ...] | None:
        """Return the files of the layer `diff_id`; `None` where they are not kept."""
        found = self._read(self._of(diff_id, _LISTING, is_copy), _Listing)
        return found.entries if found else None

    def keep_listing(self, diff_id: Digest, entries: tuple[Entry, ...], *, is_copy: bool) -> None:
        """Keep the files of a layer."""
        self._write(self._of(diff_id, _LISTING, is_copy), _Listing(entries))

    def keep(self, staged: Layout) -> None:
        """Keep the layers of the layout that was staged; the blobs of another one must not be the same files."""
        for layer in {layer.digest for image in staged.images() for layer in image.manifest.layers}:
            with suppress(FileExistsError):
                self._blob(layer).hardlink_to(staged.blob(layer))
            # The time of its last use, by which the oldest go first: many file systems do not record reads.
            os.utime(self._blob(layer))
        self._remove_old()

    def clear(self) -> None:
        """Keep nothing any more."""
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

    def _records(self, made: Path) -> Iterator[_Record]:
        for path in made.iterdir():
            if path.suffix != _LISTING and (record := self._read(path, _Record)):
                yield record

    def _read(self, path: Path, kind: type[T]) -> T | None:
        try:
            return codec.decode(digest_prefix.opened(path.read_bytes()), kind)
        except (OSError, ValueError):
            return None

    def _write(self, path: Path, value: Struct) -> None:
        # Two builds at once may write one record; a rename shows the other a whole one or none.
        part = path.with_name(f".{path.name}.{os.getpid()}")
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(digest_prefix.seal(codec.encode(value)))
        part.replace(path)

    def _remove_old(self) -> None:
        """Remove layers until the rest is small enough, and what is known of layers whose results are all gone."""
        blobs = sorted((each.stat().st_mtime, each.stat().st_size, each) for each in self._blobs.iterdir())
        size = sum(each[1] for each in blobs)
        for _, bytes_of_it, path in blobs:
            if size <= BYTES_AT_MOST:
                break
            path.unlink(missing_ok=True)
            size -= bytes_of_it
        for made in self._made.glob("*"):
            if not any(self._blob(record.layer.digest).exists() for record in self._records(made)):
                shutil.rmtree(made, ignore_errors=True)
        for stage in self.folder.glob(f"{_STAGE}*"):
            if stage.stat().st_mtime < time.time() - _SECONDS_AT_MOST:
                shutil.rmtree(stage, ignore_errors=True)
