"""Change an image's history for trivy, so that it never takes layers of the app's Dockerfile for the base image.

trivy looks for no secrets in the layers of a base image. It takes for one all that is below the last CMD that another
layer follows (aquasecurity/trivy, `guessBaseImageIndex`), so a CMD between two COPY instructions would hide the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from goldenpath.delivery.model.layout import LayoutImage
from goldenpath.shared import codec
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from goldenpath.delivery.model.layout import Descriptor, Layout

_CMD = ("CMD", "/bin/sh -c #(nop)  CMD")
_MARK = "# "


def plain(layout: Layout, image: LayoutImage, own: int, folder: Path) -> tuple[LayoutImage, Mapping[Digest, Path]]:
    """Return `image` as trivy has to read it, whose last `own` layers are the app's; and its new blobs, in `folder`.

    `own` is at most the number of layers in the history. Where that misleads nobody: the image itself, and no blobs.
    """
    config = _without_own_cmd(layout.blob(image.manifest.config.digest).read_bytes(), own) if own else None
    if config is None:
        return image, {}
    described = _stored(folder, image.manifest.config, config)
    manifest = replace(image.manifest, config=described)
    named = _stored(folder, image.descriptor, codec.encode(manifest))
    return LayoutImage(named, manifest), {blob.digest: folder / blob.digest.hex for blob in (described, named)}


def _stored(folder: Path, like: Descriptor, content: bytes) -> Descriptor:
    digest = Digest.of(content)
    (folder / digest.hex).write_bytes(content)
    return replace(like, digest=digest, size=len(content))


def _without_own_cmd(config: bytes, own: int) -> bytes | None:
    """Return `config` without the CMDs between the app's own layers; `None` where there is none."""
    value: dict[str, Any] = codec.decode_any(config)
    history = value.get("history") or []
    layers = [number for number, step in enumerate(history) if not step.get("empty_layer")]
    between = history[layers[-own] : layers[-1]]
    hiding = [step for step in between if step.get("empty_layer") and step.get("created_by", "").startswith(_CMD)]
    for step in hiding:
        step["created_by"] = f"{_MARK}{step['created_by']}"
    return codec.encode(value) if hiding else None
