"""Write the layers of a candidate, so that a layer whose files did not change keeps its digest between commits.

Why each layer has a time of its own, and why BuildKit does not compress: docs/adr/0032-times-of-layers.md.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from goldenpath.delivery.builds import buildx
from goldenpath.delivery.builds.joining import normal
from goldenpath.delivery.layers.layer_archive import Times
from goldenpath.delivery.layers.layer_cache import KeptLayers, LayerNotExported
from goldenpath.delivery.layers.layer_history import LayerHistory
from goldenpath.delivery.layers.layer_writer import BuiltLayer, LayerWriter
from goldenpath.delivery.model.layer_inputs import LayerKind
from goldenpath.delivery.model.layout import Descriptor, Layout, copied, write_index
from goldenpath.delivery.model.transfer import ExportedBytes, unwatched
from goldenpath.shared import codec, runner
from goldenpath.shared.errors import CandidateChanged, DiskTrouble, FolderUntrusted
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import INDEXES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from goldenpath.delivery.builds.bases import Bases
    from goldenpath.delivery.builds.builder import Builder
    from goldenpath.delivery.builds.context_artifact import Addition
    from goldenpath.delivery.model.layer_inputs import LayerInputs
    from goldenpath.delivery.model.layout import LayoutImage
    from goldenpath.delivery.model.transfer import Watch
    from goldenpath.delivery.stage import Run

_UNDATED = (
    "Every layer of this image gets a new digest with each commit, and each release uploads all of them. The frontend "
    "or the BuildKit of this build does not report which files each layer is made from."
)
# The latest time that the header of a file can hold, in the year 2242.
_LATEST = 8**11 - 1


def export(run: Run, chosen: Builder, bases: Bases, added: Addition, cache: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Build the layout of `run`, every byte of it checked; `cache` are the options of the build cache.

    Return a warning where its layers cannot keep their digests in the next commit.
    """
    order, layout = bases.order, Layout(run.work.layout)
    history = LayerHistory.of(run, order.epoch, added)
    platforms = order.platforms or ("",)
    explains = len(bases.inputs) == len(platforms)
    inputs = dict(zip(map(normal, platforms), bases.inputs, strict=True)) if explains else {}

    def build(target: Layout, kept: KeptLayers | None = None) -> bool:
        run.watch(ExportedBytes(target.path))
        buildx.build_layout(chosen, order, target.path, sources=bases.sources, cache=cache)
        return rewrite(target, inputs, history.times, order.epoch, kept, run.watch)

    # An image that holds a secret of its build is deleted, so a build with secrets keeps no layers.
    keeps = explains and not (run.runner.in_actions or order.secrets or order.ssh)
    if keeps and _with_kept(build, layout):
        return ()
    explains = explains and build(layout)
    if not explains:
        _empty(layout)
        buildx.build_layout(chosen, order, layout.path, sources=bases.sources, cache=cache, is_final=True)
    layout.verify()
    return () if explains else (_UNDATED,)


def _with_kept(build: Callable[[Layout, KeptLayers], bool], layout: Layout) -> bool:
    """Build `layout` with the layers of earlier builds; return `False`, with an empty layout, where that fails."""
    kept = KeptLayers(runner.cache_dir() / "layers")
    try:
        try:
            # Most layers are not read again. An empty file in the place of one keeps BuildKit from sending it: 480 MB
            # through a socket take a second (docs/adr/0032-times-of-layers.md, decision 7).
            return _staged(build, layout, kept, hollow=True)
        except LayerNotExported:
            return _staged(build, layout, kept, hollow=False)
    except CandidateChanged:
        # The image does not have its digests: one of the kept files is damaged, and it is unknown which.
        kept.clear()
    except (OSError, DiskTrouble, FolderUntrusted):
        pass
    _empty(layout)
    return False


def _staged(build: Callable[[Layout, KeptLayers], bool], layout: Layout, kept: KeptLayers, *, hollow: bool) -> bool:
    with kept.staging(hollow=hollow) as staged:
        if not build(staged, kept):
            return False
        # A copy: later stages, or the user, may change the layout, and must not change the kept files.
        copied(staged, layout.path).verify()
        kept.keep(staged)
        return True


def _empty(layout: Layout) -> None:
    shutil.rmtree(layout.path)
    layout.path.mkdir()


def rewrite(
    layout: Layout,
    inputs: Mapping[str, Sequence[LayerInputs]],
    times: Callable[[Sequence[LayerInputs]], Sequence[int]],
    created: int,
    kept: KeptLayers | None = None,
    watch: Watch = unwatched,
) -> bool:
    """Write each layer that BuildKit made in `layout` again, with a time of its own; those of the base image stay.

    `inputs` are those of each platform, or of the only one, `""`; `created` is the time of the image. Returns `False`,
    and writes nothing, where they do not explain the layers. Raises `BuildFailed` for a layer that cannot be read, and
    `LayerNotExported` for one whose content is needed and was not exported.
    """
    images = layout.images()
    own = [_made_here(layout, image) for image in images]
    known = [inputs.get(normal(layout.platform(image)), inputs.get("", ())) for image in images]
    # If the graph and the history do not agree, a layer could get the time of another one.
    if own != [len(layers) for layers in known] or any(map(_in_zstd, images, own)):
        return False
    writer = LayerWriter(layout, kept, watch)
    root = layout.root()
    changes = {
        image.descriptor.digest: _rewritten(writer, image, list(zip(made_from, times(made_from), strict=True)), created)
        for image, made_from in zip(images, known, strict=True)
    }
    write_index(layout.path, _index(layout, root, changes) if root.media_type in INDEXES else changes[root.digest])
    # No image uses BuildKit's own layers now; they would be scanned and handed over with it.
    needed = {layout.blob(descriptor.digest) for descriptor in layout.descriptors()}
    for path in layout.blobs.iterdir():
        if path not in needed:
            path.unlink()
    return True


def _text(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")


_MARK = _text(buildx.MARK)


def _made_here(layout: Layout, image: LayoutImage) -> int:
    """Return how many layers of `image` this build made, by the history that BuildKit wrote."""
    history = _read(layout, image.manifest.config).get("history") or []
    # A base image that another tool made may have no times, and then BuildKit gives it some.
    own = (step for step in history if step.get("created") == _MARK and step.get("comment", "").startswith("buildkit."))
    return sum(not step.get("empty_layer") for step in own)


def _in_zstd(image: LayoutImage, own: int) -> bool:
    """Tell whether one of the last `own` layers is in zstd, as a builder that the user shares with others may keep."""
    return any(layer.media_type.endswith("zstd") for layer in image.manifest.layers[len(image.manifest.layers) - own :])


def _read(layout: Layout, blob: Descriptor) -> dict[str, Any]:
    document: dict[str, Any] = codec.decode_any(layout.blob(blob.digest).read_bytes())
    return document


def _rewritten(
    writer: LayerWriter, image: LayoutImage, own: Sequence[tuple[LayerInputs, int]], created: int
) -> Descriptor:
    """Write the layers, the configuration and the manifest of `image`; return the manifest's descriptor."""
    layout = writer.layout
    config, manifest = _read(layout, image.manifest.config), _read(layout, image.descriptor)
    layers, diff_ids = manifest["layers"], config["rootfs"]["diff_ids"]
    # The layers of the base image come first and stay as they are in the registry, so they are not uploaded again.
    first, of_base = len(layers) - len(own), _time_of_base(config)
    built = [
        BuiltLayer(layer, Digest(diff_id), made_from.kind, _times(made_from, time, of_base))
        for layer, diff_id, (made_from, time) in zip(image.manifest.layers[first:], diff_ids[first:], own, strict=True)
    ]
    written = writer.write(built)
    layers[first:] = [_entry(rewritten.layer) for rewritten in written]
    diff_ids[first:] = [rewritten.diff_id for rewritten in written]
    for dated in (config, *(config.get("history") or ())):
        if dated.get("created") == _MARK:
            dated["created"] = _text(created)
    manifest["config"] |= _entry(layout.store(image.manifest.config.media_type, config))
    return layout.store(image.descriptor.media_type, manifest)


def _times(made_from: LayerInputs, time: int, of_base: int | None) -> Times:
    """Return the times for the files of a layer.

    A step that reads no files of the checkout installs packages: files that are older than the base image keep the
    times of their packages. Other steps give all files the same time, since a file of the checkout has the time when
    somebody wrote it to a disk.
    """
    keeps = made_from.kind is LayerKind.RUN and not made_from.reads
    return Times(min(time, _LATEST), of_base if keeps else None)


def _time_of_base(config: dict[str, Any]) -> int | None:
    """Return the time of the base image of the image with this `config`; `None` where its history has none."""
    times = [step["created"] for step in config.get("history") or () if step.get("created", _MARK) != _MARK]
    with suppress(ValueError):
        return max((int(datetime.fromisoformat(time).timestamp()) for time in times), default=None)
    return None


def _index(layout: Layout, root: Descriptor, changes: dict[Digest, Descriptor]) -> Descriptor:
    """Write the index `root` with other images in the place of those that changed."""
    index = _read(layout, root)
    for manifest in index["manifests"]:
        manifest.update(_entry(changes[Digest(manifest["digest"])]))
    return layout.store(root.media_type, index)


def _entry(blob: Descriptor) -> dict[str, Any]:
    return {"mediaType": blob.media_type, "digest": blob.digest, "size": blob.size}
