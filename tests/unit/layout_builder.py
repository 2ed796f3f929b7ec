"""OCI image layouts for tests, made of a few bytes, whole and true unless a test breaks them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from goldenpath.delivery.model.layout import AnnotatedIndex, Descriptor, Layout, Manifest, PlatformFields, write_index
from goldenpath.shared import codec
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import CONFIG, GZIP_LAYER, INDEX, MANIFEST, REVISION
from tests.unit.builders import COMMIT

AMD64, ARM64 = PlatformFields("amd64", "linux"), PlatformFields("arm64", "linux", "v8")


def layout(path: Path, *platforms: PlatformFields, content: bytes = b"layer", revision: str = COMMIT) -> Layout:
    """Write a layout of one image, or of an index when several `platforms` are given; `content` is in its layer."""
    (path / "blobs" / "sha256").mkdir(parents=True)
    images = [_image(path, each, content, revision) for each in platforms or (AMD64,)]
    if len(images) == 1:
        write_index(path, images[0])
    else:
        index = AnnotatedIndex(2, images, annotations={REVISION: revision})
        write_index(path, store(path, INDEX, codec.encode(index)))
    return Layout(path)


def image_bytes(content: bytes = b"layer", revision: str = COMMIT) -> bytes:
    """Return a manifest as a registry may hold it: its blobs are nowhere."""
    layer = Descriptor(GZIP_LAYER, Digest.of(content), len(content))
    return codec.encode(_manifest(Descriptor(CONFIG, Digest.of(b"config"), 6), layer, revision))


def _image(path: Path, platform: PlatformFields, content: bytes, revision: str) -> Descriptor:
    config = store(path, CONFIG, codec.encode(platform))
    layer = store(path, GZIP_LAYER, gzip.compress(content + platform.architecture.encode(), mtime=0))
    stored = store(path, MANIFEST, codec.encode(_manifest(config, layer, revision)))
    return Descriptor(MANIFEST, stored.digest, stored.size, platform)


def _manifest(config: Descriptor, layer: Descriptor, revision: str) -> dict[str, object]:
    plain: dict[str, object] = json.loads(codec.encode(Manifest(2, MANIFEST, config, [layer])))
    return plain | {"annotations": {REVISION: revision}}


def store(path: Path, media_type: str, content: bytes) -> Descriptor:
    """Write a blob into the layout at `path`."""
    digest = Digest.of(content)
    codec.write_bytes(path / "blobs" / "sha256" / digest.hex, content)
    return Descriptor(media_type, digest, len(content))


def tar(files: Mapping[str, bytes]) -> bytes:
    """Return a layer that holds `files`, by their names, before it is compressed."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, held in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(held)
            archive.addfile(member, io.BytesIO(held))
    return content.getvalue()
