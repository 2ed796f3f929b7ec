"""Write the layers of one image again, each with its own time and without the files that lower layers hold already."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from goldenpath.delivery.image import image_files
from goldenpath.delivery.layers import layer_files, layer_repeats
from goldenpath.delivery.layers.layer_cache import LayerNotExported
from goldenpath.delivery.layers.layer_repeats import LowerLayers
from goldenpath.delivery.model import transfer
from goldenpath.delivery.model.layer_inputs import LayerKind
from goldenpath.shared import codec
from goldenpath.shared.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

    from goldenpath.delivery.layers.layer_archive import Times
    from goldenpath.delivery.layers.layer_cache import KeptLayers
    from goldenpath.delivery.layers.layer_files import WrittenLayer
    from goldenpath.delivery.layers.layer_repeats import Entry
    from goldenpath.delivery.model.layout import Descriptor, Layout
    from goldenpath.delivery.model.transfer import Watch
    from goldenpath.shared.names import Digest

_NOTHING: frozenset[bytes] = frozenset()


@dataclass(frozen=True)
class BuiltLayer:
    """A layer as BuildKit made it: its descriptor, its digest uncompressed, its kind, and the times for its files."""

    blob: Descriptor
    diff_id: Digest
    kind: LayerKind
    times: Times


@dataclass
class LayerWriter:
    """Writes layers of `layout`, each once for all platforms; builds of one person share those that are `kept`.

    `watch` shows how many layers of a platform are written.
    """

    layout: Layout
    kept: KeptLayers | None = None
    watch: Watch = transfer.unwatched
    _done: dict[tuple[Digest, Times, frozenset[bytes]], WrittenLayer] = field(default_factory=dict)

    def write(self, layers: Sequence[BuiltLayer]) -> list[WrittenLayer]:
        """Write `layers`, the lowest first. Raises `BuildFailed` for one that cannot be read."""
        written: list[WrittenLayer] = []
        self.watch(partial(_share, layers, written))
        repeated = self._repeated(layers)
        for place, layer in enumerate(layers):
            written.append(self._written(layer, repeated.get(place, _NOTHING)))
        return written

    def _repeated(self, layers: Sequence[BuiltLayer]) -> dict[int, frozenset[bytes]]:
        """Return by a layer's place the files which it repeats. Only a copy on top of another one can repeat any."""
        # Listing the files of a layer reads all of it, so layers above the last copy are not listed.
        copies = [place for place, layer in enumerate(layers) if layer.kind.is_copy]
        upper = [place for place in copies[1:] if layers[place].kind is LayerKind.COPY]
        lower = LowerLayers()
        repeated = {}
        for place, layer in enumerate(layers[: upper[-1] + 1] if upper else ()):
            entries = self._listing(layer)
            if place in upper:
                repeated[place] = lower.repeated(entries)
            lower.add(entries)
        return repeated

    def _listing(self, layer: BuiltLayer) -> tuple[Entry, ...]:
        is_copy = layer.kind.is_copy
        known = self.kept.listing(layer.diff_id, is_copy=is_copy) if self.kept else None
        if known is not None:
            return known
        with self._opened(layer) as content:
            entries = layer_repeats.listing(content, layer.diff_id, is_copy=is_copy)
        if self.kept:
            self.kept.keep_listing(layer.diff_id, entries, is_copy=is_copy)
        return entries

    def _written(self, layer: BuiltLayer, left_out: frozenset[bytes]) -> WrittenLayer:
        key = (layer.diff_id, layer.times, left_out)
        if key not in self._done:
            known = self.kept.written(*key) if self.kept else None
            self._done[key] = known or self._new(layer, left_out)
        return self._done[key]

    def _new(self, layer: BuiltLayer, left_out: frozenset[bytes]) -> WrittenLayer:
        with self._opened(layer) as content:
            written = layer_files.write(content, layer.times, self.layout.blobs, left_out)
            # BuildKit's digest proves that this is the layer which was built under the rules.
            if written.old_diff_id != layer.diff_id:
                raise ValueError("Its bytes are not those that BuildKit reported")
        if self.kept:
            self.kept.keep_written(written, layer.times, left_out)
        return written

    @contextmanager
    def _opened(self, layer: BuiltLayer) -> Iterator[IO[bytes]]:
        path = self.layout.blob(layer.blob.digest)
        if self.kept and path.stat().st_size != layer.blob.size:
            raise LayerNotExported(layer.blob.digest)
        try:
            with image_files.open_layer(path, layer.blob) as content:
                yield content
        except OSError as error:
            raise codec.disk_trouble(error, path) from error
        except image_files.UNREADABLE_LAYER as error:
            raise BuildFailed(
                f"The layer {layer.blob.digest} that was built cannot be read",
                why=str(error),
                fix="Build again; nothing was released",
            ) from error


def _share(layers: Sequence[BuiltLayer], written: Sequence[WrittenLayer]) -> str:
    """Return how much of `layers` is `written`, for people; BuildKit does not compress, so the sizes are of files."""
    sizes = [layer.blob.size for layer in layers]
    return transfer.share(len(written), len(layers), sum(sizes[: len(written)]), sum(sizes)) if layers else ""
