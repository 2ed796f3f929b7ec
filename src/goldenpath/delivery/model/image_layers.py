"""The layers of an image, as the record of a build lists them: a report then needs no image."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.delivery.model import image_origins
from goldenpath.delivery.model.finding import FindingOrigin
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from goldenpath.delivery.model.image_origins import ImageOrigins
    from goldenpath.delivery.model.layout import Layout, LayoutImage


class ImageLayer(Struct, frozen=True):
    """A layer of an image: its `size` in bytes as it is sent, and its `origin`; `None` if that is unknown."""

    digest: Digest
    size: int
    origin: FindingOrigin | None = None


def of_image(layout: Layout, image: LayoutImage, origins: ImageOrigins | None) -> tuple[ImageLayer, ...]:
    """Return every layer of `image` with its origin, the lowest first.

    Raises `CandidateChanged` when the configuration of the image is missing or malformed.
    """
    config = layout.config(image)
    by_layer = image_origins.by_layer(config, origins)
    contents = chain(config.layers, repeat(""))  # a configuration that lists too few hides no layer
    return tuple(
        ImageLayer(layer.digest, layer.size, by_layer.get(content))
        for layer, content in zip(image.manifest.layers, contents, strict=False)
    )
