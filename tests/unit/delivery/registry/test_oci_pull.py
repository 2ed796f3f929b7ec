from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from goldenpath.delivery.registry import oci_pull
from goldenpath.delivery.registry.oci_registry import StoredManifest
from goldenpath.shared.errors import RegistryRefused
from tests.unit import layout_builder
from tests.unit.layout_builder import AMD64, ARM64

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.model.layout import Layout
    from goldenpath.delivery.registry.oci_registry import OciRegistry
    from goldenpath.shared.names import Digest


@dataclass(frozen=True)
class Shelf:
    """A registry that holds the blobs of a layout; a double of reading alone."""

    held: Layout

    @property
    def root(self) -> StoredManifest:
        root = self.held.root()
        return StoredManifest(root.digest, root.media_type, self.held.manifest_bytes(root))

    def manifest(self, reference: Digest) -> StoredManifest | None:
        path = self.held.blob(reference)
        return StoredManifest(reference, "", path.read_bytes()) if path.is_file() else None

    def fetch_blob(self, digest: Digest, path: Path) -> None:
        shutil.copy(self.held.blob(digest), path)

    def pull(self, folder: Path) -> Layout:
        return oci_pull.pull(cast("OciRegistry", self), self.root, folder)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(layout_builder.layout(tmp_path / "held", AMD64, ARM64))


def test_an_image_of_two_platforms_comes_back_as_it_went(shelf: Shelf, tmp_path: Path) -> None:
    pulled = shelf.pull(tmp_path / "pulled")
    assert pulled.root().digest == shelf.held.root().digest
    assert list(pulled.descriptors()) == list(shelf.held.descriptors())
    pulled.verify()


def test_an_image_of_one_platform_comes_back_too(tmp_path: Path) -> None:
    shelf = Shelf(layout_builder.layout(tmp_path / "held"))
    assert shelf.pull(tmp_path / "pulled").images()[0].manifest == shelf.held.images()[0].manifest


def test_other_bytes_than_the_digest_says_are_refused_by_the_name_of_the_image(shelf: Shelf, tmp_path: Path) -> None:
    layer = shelf.held.images()[1].manifest.layers[0].digest
    shelf.held.blob(layer).write_bytes(b"other bytes")
    with pytest.raises(RegistryRefused) as caught:
        shelf.pull(tmp_path / "pulled")
    assert caught.value.what == f"The registry gave an image that is not what {shelf.root.digest} says"
    assert layer.hex in caught.value.why


def test_a_platform_that_the_registry_lacks_is_named(shelf: Shelf, tmp_path: Path) -> None:
    missing = shelf.held.listed()[1].digest
    shelf.held.blob(missing).unlink()
    with pytest.raises(RegistryRefused) as caught:
        shelf.pull(tmp_path / "pulled")
    assert caught.value.why == f"It holds no manifest {missing}"
