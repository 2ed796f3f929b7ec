"""Search an image's layers ourselves, and keep the result of a layer for the next run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.image import image_files
from goldenpath.delivery.image.image_files import LayerSearch

if TYPE_CHECKING:
    from goldenpath.delivery.image.unpacked_layers import UnpackedLayers
    from goldenpath.delivery.model.layout import Descriptor, Layout, LayoutImage
    from goldenpath.delivery.scanners.result_cache import KeptResults
    from goldenpath.shared.names import Digest

# To be raised whenever the search finds anything else in the same layer.
_VERSION = "1"
_JAVA_ARCHIVE = "java_archive"


def search(layout: Layout, image: LayoutImage, layers: UnpackedLayers, kept: KeptResults) -> LayerSearch:
    """Look through every layer of `image`, those included whose files a later layer hides.

    The digest of a layer, which was compared with its bytes, says whether it was searched before.
    """
    distinct = {layer.digest: layer for layer in image.manifest.layers}
    known = _known(distinct, kept)
    unpacked = layers.of(layout, image, without=known)
    searches = dict(known)
    for digest, layer in distinct.items():
        if digest not in known:
            searches[digest] = image_files.search_layer(layout.blob(digest), layer, unpacked.get(digest))
            _keep(kept, layer, searches[digest])
    return image_files.merge_searches(searches[layer.digest] for layer in image.manifest.layers)


def _known(layers: dict[Digest, Descriptor], kept: KeptResults) -> dict[Digest, LayerSearch]:
    known = {}
    for digest, layer in layers.items():
        with kept.result(*_identity(layer)) as result:
            if result and _JAVA_ARCHIVE in result.facts:
                known[digest] = LayerSearch((), (), result.facts[_JAVA_ARCHIVE])
    return known


def _keep(kept: KeptResults, layer: Descriptor, search: LayerSearch) -> None:
    """Keep the result of searching a layer; the settings of a git folder may hold a token, so they are read again."""
    if not search.git_folders and not search.unread:
        with kept.result(*_identity(layer)) as result:
            if result:
                result.keep({_JAVA_ARCHIVE: search.java_archive})


def _identity(layer: Descriptor) -> tuple[str, ...]:
    return ("layer search", _VERSION, layer.digest, layer.media_type)
