from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.model import transfer
from goldenpath.delivery.release import blob_uploads
from goldenpath.shared.errors import RegistryUnreachable
from goldenpath.shared.names import Digest
from tests.unit.layout_builder import AMD64, ARM64, layout

if TYPE_CHECKING:
    from goldenpath.delivery.model.layout import Layout


class Registry:
    """A registry that holds the blobs of `there`, and fails while it is sent `broken`."""

    def __init__(self, *there: Digest, broken: Digest | None = None) -> None:
        self.there, self.broken, self.sent = there, broken, list[Digest]()

    def has_blob(self, digest: Digest) -> bool:
        return digest in self.there

    def upload_blob(self, upload: Any) -> None:  # noqa: ANN401  the registry's own type
        if upload.blob.digest == self.broken:
            raise RegistryUnreachable("the registry is gone", why="reset", fix="run again")
        self.sent.append(upload.blob.digest)


@pytest.fixture
def two_platforms(tmp_path: Path) -> Layout:
    return layout(tmp_path, AMD64, ARM64)


def upload(registry: Registry, images: Layout) -> blob_uploads.Uploaded:
    return blob_uploads.upload(registry, images, lambda _: None)  # type: ignore[arg-type]


def test_a_blob_that_cannot_be_sent_ends_the_upload(two_platforms: Layout) -> None:
    broken = next(iter(two_platforms.images())).blobs[0].digest
    with pytest.raises(RegistryUnreachable):
        upload(Registry(broken=broken), two_platforms)


def test_a_blob_that_platforms_share_is_sent_once_and_one_that_is_there_is_not(two_platforms: Layout) -> None:
    blobs = {blob.digest: blob.size for image in two_platforms.images() for blob in image.blobs}
    first, *missing = blobs
    registry = Registry(first)
    sent = upload(registry, two_platforms)
    assert sorted(registry.sent) == sorted(missing)
    assert sent == blob_uploads.Uploaded(len(missing), sum(blobs[digest] for digest in missing))
    assert upload(Registry(*blobs), two_platforms) == blob_uploads.NOTHING_SENT


def test_a_view_can_ask_how_far_the_layers_are_and_the_configurations_do_not_count(two_platforms: Layout) -> None:
    asked: list[Callable[[], str]] = []
    registry = Registry()
    layers = {layer.digest: layer.size for image in two_platforms.images() for layer in image.manifest.layers}
    blob_uploads.upload(registry, two_platforms, lambda _: None, asked.append)  # type: ignore[arg-type]
    assert asked[0]() == transfer.share(0, len(layers), 0, sum(layers.values()))


def test_where_every_layer_is_there_no_share_is_shown(two_platforms: Layout) -> None:
    asked: list[Callable[[], str]] = []
    layers = [layer.digest for image in two_platforms.images() for layer in image.manifest.layers]
    blob_uploads.upload(Registry(*layers), two_platforms, lambda _: None, asked.append)  # type: ignore[arg-type]
    assert asked[0]() == ""
