"""A layer is decompressed once for all who read it, and is replaced only by what it says that it holds."""

from __future__ import annotations

import gzip
import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from goldenpath.delivery.image import image_files, unpacked_layers
from goldenpath.delivery.image.unpacked_layers import UnpackedLayers
from goldenpath.delivery.model.layout import Descriptor, Layout, Manifest, narrowed, write_index
from goldenpath.shared import codec
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import CONFIG, GZIP_LAYER, MANIFEST
from tests.unit.layout_builder import store, tar

TAR = GZIP_LAYER.removesuffix("+gzip")
ONE, TWO = tar({"etc/passwd": b"root"}), tar({"app/x.jar": b"jar", "app/.git/HEAD": b"ref"})


def image(path: Path, *layers: tuple[bytes, str, str]) -> Layout:
    """Return a layout of one image; each layer has its bytes, its media type, and the diff id that is named for it."""
    stored = [store(path, media_type, raw) for raw, media_type, _ in layers]
    config = codec.encode(
        {"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": [each[2] for each in layers]}}
    )
    manifest = Manifest(2, MANIFEST, store(path, CONFIG, config), stored)
    write_index(path, store(path, MANIFEST, codec.encode(manifest)))
    return Layout(path)


def packed(content: bytes) -> tuple[bytes, str, str]:
    return gzip.compress(content, mtime=0), GZIP_LAYER, Digest.of(content)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Digest]:
    """Return the layers that were opened to be decompressed."""
    real, layers = image_files.open_layer, list[Digest]()

    def counted(path: Path, layer: Descriptor) -> IO[bytes]:
        layers.append(layer.digest)
        return real(path, layer)

    monkeypatch.setattr(image_files, "open_layer", counted)
    return layers


def test_each_layer_is_decompressed_once_whoever_reads_it(tmp_path: Path, opened: list[Digest]) -> None:
    layout = image(tmp_path / "image", packed(ONE), packed(TWO))
    (one,) = layout.images()
    with unpacked_layers.shared_or_own(None) as layers, ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda _: layers.of(layout, one), range(8)):
            assert [path.read_bytes() for path in found.values()] == [ONE, TWO]
        searched = [
            image_files.search_layer(layout.blob(each.digest), each, found[each.digest]) for each in one.manifest.layers
        ]
        search = image_files.merge_searches(searched)
        alone = narrowed(layout, one, tmp_path, found)
        assert [alone.blob(each.digest).read_bytes() for each in one.manifest.layers] == [ONE, TWO]
        assert alone.root() == one.descriptor
    assert len(opened) == 2
    assert (search.java_archive, [each.path for each in search.git_folders]) == ("app/x.jar", ["app/.git"])
    packed_ones = [image_files.search_layer(layout.blob(each.digest), each) for each in one.manifest.layers]
    assert packed_ones == searched
    assert not any(path.parent.exists() for path in found.values())


class Left(NamedTuple):
    raw: bytes
    media_type: str
    diff_id: str


LEFT_AS_IT_IS = {
    "another content than it says": Left(gzip.compress(ONE), GZIP_LAYER, Digest.of(TWO)),
    "no digest at all": Left(gzip.compress(ONE), GZIP_LAYER, "nothing"),
    "an archive that begins like gzip": Left(*packed(b"\x1f\x8b\x08\x00" + ONE)),
    "an archive that begins like zstd": Left(*packed(b"\x28\xb5\x2f\xfd" + ONE)),
    "one that is gzip twice": Left(*packed(gzip.compress(ONE))),
    "plain": Left(ONE, TAR, Digest.of(ONE)),
    "zstd": Left(b"x", f"{TAR}+zstd", Digest.of(ONE)),
    "no gzip": Left(b"x", GZIP_LAYER, Digest.of(ONE)),
    "cut off": Left(gzip.compress(ONE)[:-4], GZIP_LAYER, Digest.of(ONE)),
    "with bytes behind": Left(gzip.compress(ONE) + gzip.compress(b"more"), GZIP_LAYER, Digest.of(ONE)),
}


@pytest.mark.parametrize("name", LEFT_AS_IT_IS)
def test_a_layer_that_is_not_surely_the_same_is_given_as_it_is(tmp_path: Path, name: str) -> None:
    layout = image(tmp_path / "image", LEFT_AS_IT_IS[name], packed(TWO))
    (one,) = layout.images()
    first, second = one.manifest.layers
    with unpacked_layers.shared_or_own(None) as layers:
        found = layers.of(layout, one)
        assert list(found) == [second.digest]
        alone = narrowed(layout, one, tmp_path, found)
        assert alone.blob(first.digest).read_bytes() == LEFT_AS_IT_IS[name].raw


def test_an_image_that_names_another_number_of_layers_is_given_as_it_is(tmp_path: Path) -> None:
    layout = image(tmp_path, packed(ONE))
    (one,) = layout.images()
    config = codec.encode({"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": []}})
    layout.blob(one.manifest.config.digest).write_bytes(config)
    with unpacked_layers.shared_or_own(None) as layers:
        assert layers.of(layout, one) == {}


@pytest.mark.parametrize("full", ["by size", "by the disk"])
def test_a_disk_without_room_leaves_layers_compressed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    def no_room(**_: object) -> str:
        raise OSError(28, "No space left on device")

    if full == "by size":
        monkeypatch.setattr(unpacked_layers, "_OF_THE_FREE_DISK", 0)
    else:
        monkeypatch.setattr("tempfile.mkdtemp", no_room)
    layout = image(tmp_path, packed(ONE))
    with unpacked_layers.shared_or_own(None) as layers:
        assert layers.of(layout, layout.images()[0]) == {}


def test_the_end_does_not_wait_for_what_another_thread_decompresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, go_on, layers = threading.Event(), threading.Event(), UnpackedLayers()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            at_work.set()
            assert go_on.wait(10)
            return super().read(size)

    monkeypatch.setattr(image_files, "open_layer", lambda *_: Slow(ONE))
    layout = image(tmp_path, packed(ONE))
    ask: Callable[[], object] = lambda: layers.of(layout, layout.images()[0])  # noqa: E731  two threads ask
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        assert at_work.wait(10)
        closing = threading.Thread(target=layers.close)
        closing.start()
        while not layers._is_closed:  # noqa: SLF001  nothing else tells that the end has begun
            pass
        go_on.set()
        closing.join(10)
        assert asked.result(10) == {}
    assert ask() == {}
