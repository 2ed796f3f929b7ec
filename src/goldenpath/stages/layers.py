"""The layers of a candidate, written so that one whose files did not change keeps its digest from commit to commit.

Why each layer has a time of its own, and why it is not BuildKit that compresses: docs/adr/0032-times-of-layers.md.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from goldenpath.errors import BuildFailed
from goldenpath.model import codec
from goldenpath.model.layout import INDEXES, Descriptor, Layout, changed, write_index
from goldenpath.model.names import Digest
from goldenpath.stages.layer_history import LayerHistory
from goldenpath.tools import buildx, git, image_files, layer_files
from goldenpath.tools.layer_files import Times, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from goldenpath.model.layer_inputs import LayerInputs
    from goldenpath.model.layout import Image
    from goldenpath.stages.base import Run
    from goldenpath.stages.bases import Bases
    from goldenpath.stages.context_artifact import Addition
    from goldenpath.tools.builder import Builder

_UNDATED = (
    "Every layer gets another digest with each commit, and is uploaded again with each release. When the files of a "
    "layer last changed is unknown: {}."
)
_SHALLOW = "the checkout lacks part of its history"
_UNEXPLAINED = "this builder does not tell what a layer is made from"
# The latest time that the header of a file can hold, in the year 2242.
_LATEST = 8**11 - 1


def export(run: Run, chosen: Builder, found: Bases, added: Addition) -> tuple[str, ...]:
    """Build the layout of `run`; return a warning where its layers cannot keep their digests in the next commit."""
    order, layout = found.order, Layout(run.work.layout)
    shallow = git.is_shallow(run.request.source)
    if any(found.inputs) and not shallow:
        buildx.build_layout(chosen, order, layout.path, sources=found.sources)
        if rewrite(layout, found.inputs, LayerHistory.of(run, order.epoch, added).times, order.epoch):
            return ()
        shutil.rmtree(layout.path)
        layout.path.mkdir()
    buildx.build_layout(chosen, order, layout.path, sources=found.sources, is_final=True)
    return (_UNDATED.format(_SHALLOW if shallow else _UNEXPLAINED),)


def rewrite(
    layout: Layout,
    inputs: Sequence[Sequence[LayerInputs]],
    times: Callable[[Sequence[LayerInputs]], Sequence[int]],
    created: int,
) -> bool:
    """Write each layer that BuildKit made in `layout` again, with a time of its own; those of the base image stay.

    `inputs` are those of each platform; `created` is the time of the image. Returns `False`, with nothing written,
    where they do not explain the layers. Raises `BuildFailed` for a layer that cannot be read.
    """
    images = layout.images()
    own = [_made_here(layout, image) for image in images]
    if own != [len(each) for each in inputs] or any(map(_in_zstd, images, own)):
        return False
    writer = _Writer(layout, _text(created))
    root = layout.root()
    changes = {
        image.descriptor.digest: writer.image(image, made_from, times(made_from))
        for image, made_from in zip(images, inputs, strict=True)
    }
    write_index(layout.path, writer.index(root, changes) if root.media_type in INDEXES else changes[root.digest])
    kept = {layout.blob(each.digest) for each in layout.descriptors()}
    for path in layout.blob(root.digest).parent.iterdir():
        if path not in kept:
            path.unlink()
    return True


def _text(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")


_MARK = _text(buildx.MARK)


def _made_here(layout: Layout, image: Image) -> int:
    """Return how many layers of `image` this build made, by what BuildKit wrote into its history."""
    history = _read(layout, image.manifest.config).get("history") or []
    # A base image that another tool made may have no times, and then BuildKit gives it some.
    own = (each for each in history if each.get("created") == _MARK and each.get("comment", "").startswith("buildkit."))
    return sum(not each.get("empty_layer") for each in own)


def _in_zstd(image: Image, own: int) -> bool:
    """Tell whether one of the last `own` layers is in zstd, as a builder that the user shares with others may keep."""
    return any(each.media_type.endswith("zstd") for each in image.manifest.layers[len(image.manifest.layers) - own :])


def _read(layout: Layout, blob: Descriptor) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(layout.blob(blob.digest).read_bytes())
    return found


def _entry(blob: Descriptor) -> dict[str, Any]:
    return {"mediaType": blob.media_type, "digest": blob.digest, "size": blob.size}


@dataclass
class _Writer:
    """Writes blobs of `layout`; `created` is the time of the image, in words."""

    layout: Layout
    created: str
    _layers: dict[tuple[Digest, Times], Written] = field(default_factory=dict)

    def image(self, image: Image, inputs: Sequence[LayerInputs], times: Sequence[int]) -> Descriptor:
        """Write the layers made from `inputs`, the configuration and the manifest; return the manifest's descriptor."""
        config, manifest = _read(self.layout, image.manifest.config), _read(self.layout, image.descriptor)
        first = len(image.manifest.layers) - len(inputs)
        for place, (made_from, time) in enumerate(zip(inputs, times, strict=True), first):
            limit = Times(min(time, _LATEST), all_equal=made_from.is_copy)
            written = self._layer(image.manifest.layers[place], limit)
            if config["rootfs"]["diff_ids"][place] != written.old_diff_id:
                raise changed(f"the layer {written.old_diff_id} is not the one that was built", "its bytes differ")
            config["rootfs"]["diff_ids"][place] = written.diff_id
            manifest["layers"][place] = _entry(written.layer)
        for dated in (config, *config["history"]):
            if dated.get("created") == _MARK:
                dated["created"] = self.created
        manifest["config"] |= _entry(self._store(image.manifest.config.media_type, config))
        return self._store(image.descriptor.media_type, manifest)

    def index(self, root: Descriptor, changes: dict[Digest, Descriptor]) -> Descriptor:
        """Write the index `root` with other images in the place of those that changed."""
        index = _read(self.layout, root)
        for each in index["manifests"]:
            each.update(_entry(changes[Digest(each["digest"])]))
        return self._store(root.media_type, index)

    def _layer(self, layer: Descriptor, times: Times) -> Written:
        if (layer.digest, times) not in self._layers:
            path = self.layout.blob(layer.digest)
            try:
                with image_files.opened(path, layer) as content:
                    self._layers[layer.digest, times] = layer_files.write(content, times, path.parent)
            except OSError as error:
                raise codec.disk_trouble(error, path) from error
            except image_files.BROKEN as error:
                raise BuildFailed(
                    f"The layer {layer.digest} that was built cannot be read.",
                    why=str(error),
                    fix="Build again; nothing was released.",
                ) from error
        return self._layers[layer.digest, times]

    def _store(self, media_type: str, value: dict[str, Any]) -> Descriptor:
        content = codec.encode(value)
        stored = Descriptor(media_type, Digest.of(content), len(content))
        codec.write_bytes(self.layout.blob(stored.digest), content)
        return stored
