"""Image layouts that BuildKit can build from, made of a few files in a moment, and put into the emulator's ECR."""

from __future__ import annotations

import gzip
import json
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
from tests.unit.layout_builder import store, tar

from goldenpath.delivery.model.layout import Layout, Manifest, write_index
from goldenpath.delivery.registry.ecr_client import Ecr
from goldenpath.delivery.registry.oci_registry import OciRegistry, Upload
from goldenpath.shared import codec
from goldenpath.shared.names import Digest, EcrRepository, Tag
from goldenpath.shared.oci import CONFIG, GZIP_LAYER, MANIFEST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from goldenpath.delivery.registry.registry_token import Login
    from goldenpath.local.server import Local


def make(folder: Path, *layers: Mapping[str, bytes], **config: Any) -> Layout:  # noqa: ANN401  the image's `config`
    """Write the layout of an image for linux/amd64 with a layer for each of `layers`, which are files by name."""
    archives = [tar(files) for files in layers]
    described = {
        "architecture": "amd64", "os": "linux", "config": config,
        "rootfs": {"type": "layers", "diff_ids": [Digest.of(each) for each in archives]},
        "history": [{"created_by": "a test"} for _ in archives],
    }  # fmt: skip
    stored = store(folder, CONFIG, json.dumps(described).encode())
    blobs = [store(folder, GZIP_LAYER, gzip.compress(each, mtime=0)) for each in archives]
    write_index(folder, store(folder, MANIFEST, codec.encode(Manifest(2, MANIFEST, stored, blobs))))
    return Layout(folder)


def derived(image: Layout, folder: Path, **config: Any) -> Layout:  # noqa: ANN401  as above
    """Write the layout of the one image in `image` again, with more in its `config`."""
    (found,) = image.images()
    for layer in found.manifest.layers:
        place = folder / "blobs" / "sha256" / layer.digest.hex
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image.blob(layer.digest), place)
    described = json.loads(image.blob(found.manifest.config.digest).read_bytes())
    described["config"] = {**described.get("config", {}), **config}
    stored = store(folder, CONFIG, json.dumps(described).encode())
    manifest = Manifest(2, MANIFEST, stored, list(found.manifest.layers))
    write_index(folder, store(folder, MANIFEST, codec.encode(manifest)))
    return Layout(folder)


def login(emulator: Local) -> Login:
    """Return the administrator's login to the emulator's registry."""
    admin = boto3.Session(emulator.admin.id, emulator.admin.secret, region_name=emulator.region)
    return Ecr(lambda: admin.client("ecr", endpoint_url=emulator.environment()["AWS_ENDPOINT_URL"])).login()


def push(emulator: Local, repository: str, image: Layout, tag: str) -> None:
    """Put an image into an ECR repository."""
    with closing(OciRegistry(login(emulator), EcrRepository(repository))) as registry:
        for blob_of in (each for found in image.images() for each in found.blobs):
            registry.upload_blob(Upload(blob_of, image.blob(blob_of.digest)))
        root = image.root()
        registry.put_manifest(Tag(tag), root.media_type, image.manifest_bytes(root))
