"""Decompress the layers of an image once for all scanners.

Otherwise every scanner decompresses every layer itself, three times as slowly as we do. Both accept a plain tar archive
whatever the layer's media type says (google/go-containerregistry, `partial.compressedLayerExtender.Uncompressed`), and
identify the layer by its diff id. So a layer is replaced only if its content has the diff id in the image's
configuration, and only if that content does not look compressed.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from goldenpath.delivery.image import image_files

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from goldenpath.delivery.model.layout import Descriptor, Layout, LayoutImage
    from goldenpath.shared.names import Digest

_CHUNK = 1 << 20
_PATIENCE = 5.0
_AT_ONCE = 2
# The first bytes of gzip and zstd (go-containerregistry, `internal/compression`).
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
# One layer may use this part of the free disk: syft needs as much again, and even a small layer may unpack to any size.
_OF_THE_FREE_DISK = 1 / 4


class _Unusable(Exception):
    """The layer cannot be replaced; scanners read the compressed one."""


@dataclass
class UnpackedLayers:
    """The layers that were decompressed so far, once for all callers."""

    _layers: dict[Digest, Future[Path | None]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _folder: Path | None = None
    _is_closed: bool = False

    def of(self, layout: Layout, image: LayoutImage, without: Container[Digest] = ()) -> Mapping[Digest, Path]:
        """Return the file of each layer of `image` that could be decompressed, by the layer's digest.

        Layers in `without` are not needed.
        """
        layers, diff_ids = image.manifest.layers, layout.config(image).layers
        if len(layers) != len(diff_ids):
            return {}
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="unpack") as pool:
            for unpacking in [
                pool.submit(self._unpack_once, layout, layer, diff_id)
                for layer, diff_id in zip(layers, diff_ids, strict=True)
                if layer.media_type.endswith("gzip") and layer.digest not in without
            ]:
                unpacking.result()
        results = {layer.digest: self._layers[layer.digest] for layer in layers if layer.digest in self._layers}
        return {digest: path for digest, result in results.items() if (path := result.result())}

    def close(self) -> None:
        """Remove every file, after other threads have stopped decompressing."""
        with self._lock:
            self._is_closed = True
        for unfinished in wait(self._layers.values(), timeout=_PATIENCE).not_done:
            unfinished.cancel()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _unpack_once(self, layout: Layout, layer: Descriptor, diff_id: str) -> None:
        """Decompress `layer`, unless it is already decompressed or another thread is doing that."""
        path, result = None, Future[Path | None]()
        try:
            with self._lock:
                if layer.digest in self._layers or self._is_closed:
                    return
                self._layers[layer.digest] = result
            path = self._unpacked(layout.blob(layer.digest), layer, diff_id)
        finally:
            # Set the result even if a signal ends this, because another thread may be waiting.
            result.set_result(path)

    def _unpacked(self, blob: Path, layer: Descriptor, diff_id: str) -> Path | None:
        path = None
        try:
            path = self._room() / layer.digest.hex
            self._write(blob, layer, diff_id, path)
        except (_Unusable, *image_files.UNREADABLE_LAYER):
            if path:
                path.unlink(missing_ok=True)
            return None
        return path

    def _room(self) -> Path:
        with self._lock:
            if self._is_closed:
                raise _Unusable
            self._folder = self._folder or Path(tempfile.mkdtemp(prefix="goldenpath-layers-"))
            return self._folder

    def _write(self, blob: Path, layer: Descriptor, diff_id: str, path: Path) -> None:
        room = shutil.disk_usage(path.parent).free * _OF_THE_FREE_DISK
        hasher = hashlib.sha256()
        with image_files.open_layer(blob, layer) as content, path.open("wb") as file:
            while chunk := content.read(_CHUNK):
                begins_compressed = file.tell() == 0 and chunk.startswith(_COMPRESSED)
                if begins_compressed or self._is_closed or file.tell() + len(chunk) > room:
                    raise _Unusable
                hasher.update(chunk)
                file.write(chunk)
        if f"sha256:{hasher.hexdigest()}" != diff_id:
            raise _Unusable


@contextmanager
def shared_or_own(given: UnpackedLayers | None) -> Iterator[UnpackedLayers]:
    """Yield the `given` shared layers, or new ones that are removed after the block."""
    if given:
        yield given
        return
    layers = UnpackedLayers()
    try:
        yield layers
    finally:
        layers.close()
