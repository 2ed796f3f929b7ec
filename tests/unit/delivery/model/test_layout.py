from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given

from goldenpath.delivery.model.layout import Descriptor, Index, Layout, PlatformFields, joined, narrowed, write_index
from goldenpath.shared import codec
from goldenpath.shared.errors import CandidateChanged
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import INDEX, MANIFEST
from tests.unit.builders import DIGEST
from tests.unit.hostile import reports
from tests.unit.layout_builder import AMD64, ARM64, layout

AGAIN = "Run `goldenpath build` again, then every stage after it"
FIELDS = (
    "schemaVersion", "manifests", "mediaType", "digest", "size", "platform", "config", "layers", "annotations",
    "architecture", "os", "variant",
)  # fmt: skip


def test_a_layout_of_one_image_is_read_whole(tmp_path: Path) -> None:
    one = layout(tmp_path)
    (image,) = one.images()
    assert image.descriptor.digest == one.root().digest
    assert one.platform(image) == "linux/amd64"
    one.verify()


def test_an_index_of_two_platforms_gives_both_in_its_order(tmp_path: Path) -> None:
    two = layout(tmp_path, AMD64, ARM64)
    assert [two.platform(image) for image in two.images()] == ["linux/amd64", "linux/arm64/v8"]
    two.verify()


def test_blobs_come_in_the_order_to_upload_an_image_before_its_index(tmp_path: Path) -> None:
    two = layout(tmp_path, AMD64, ARM64)
    order = [each.digest for each in two.descriptors()]
    assert len(order) == len(set(order)) == 7
    for image in two.images():
        assert all(order.index(blob.digest) < order.index(image.descriptor.digest) for blob in image.blobs)
    assert order[-1] == two.root().digest


def test_two_layouts_are_joined_to_one_index_that_names_its_commit(tmp_path: Path) -> None:
    one, other = layout(tmp_path / "1", AMD64), layout(tmp_path / "2", ARM64)
    both = joined([other, one], tmp_path / "both", {"key": "value"})
    both.verify()
    assert [both.platform(image) for image in both.images()] == ["linux/arm64/v8", "linux/amd64"]
    index = json.loads(both.blob(both.root().digest).read_bytes())
    assert (index["mediaType"], index["annotations"]) == (INDEX, {"key": "value"})
    assert [each["platform"]["architecture"] for each in index["manifests"]] == ["arm64", "amd64"]
    again = joined([other, one], tmp_path / "again", {"key": "value"})
    assert again.root() == both.root()


def test_of_two_images_that_name_one_platform_none_is_lost(tmp_path: Path) -> None:
    one, other = (layout(tmp_path / content, AMD64, content=content.encode()) for content in ("one", "other"))
    both = joined([one, other], tmp_path / "both", {})
    named = {name: image.descriptor.digest for name, image in both.by_platform().items()}
    assert named == {
        "linux/amd64": one.root().digest,
        f"linux/amd64-{other.root().digest.hex[:12]}": other.root().digest,
    }
    (again,) = joined([one, one], tmp_path / "again", {}).by_platform()
    assert again == "linux/amd64"


def test_a_layout_whose_bytes_are_not_what_they_say_is_joined_to_nothing(tmp_path: Path) -> None:
    one, other = layout(tmp_path / "1", AMD64), layout(tmp_path / "2", ARM64)
    layer = other.images()[0].manifest.layers[0].digest
    other.blob(layer).write_bytes(b"other bytes")
    with pytest.raises(CandidateChanged, match=f"2/blobs/sha256/{layer.hex} is not what its digest says"):
        joined([one, other], tmp_path / "both", {})
    assert not (tmp_path / "both" / "index.json").exists()


def test_a_blob_that_two_platforms_share_comes_once(tmp_path: Path) -> None:
    two = layout(tmp_path, AMD64, AMD64)
    assert len(list(two.descriptors())) == 4


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("broken", ["longer", "other", "gone"])
def test_any_blob_that_changed_is_found(tmp_path: Path, number: int, broken: str) -> None:
    two = layout(tmp_path, AMD64, ARM64)
    path = two.blob(list(two.descriptors())[number].digest)
    content = path.read_bytes()
    path.unlink()
    if broken != "gone":
        path.write_bytes(content + b"\n" if broken == "longer" else content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CandidateChanged) as caught:
        two.verify()
    assert caught.value.fix == AGAIN


def test_a_blob_whose_size_alone_is_not_as_said_is_refused(tmp_path: Path) -> None:
    one = layout(tmp_path)
    root = one.root()
    write_index(tmp_path, Descriptor(root.media_type, root.digest, root.size + 1))
    with pytest.raises(CandidateChanged) as caught:
        one.verify()
    path = one.blob(root.digest)
    assert (caught.value.what, caught.value.why) == (
        f"{path} is not what its digest says", f"{root.size} bytes, {root.digest}",
    )  # fmt: skip


@pytest.mark.parametrize(("architecture", "system"), [("", "linux"), ("amd64", ""), ("AMD", "x"), ("../..", "x")])
def test_a_config_that_names_no_platform_is_refused(tmp_path: Path, architecture: str, system: str) -> None:
    one = layout(tmp_path, PlatformFields(architecture, system))
    with pytest.raises(CandidateChanged, match=r"names no platform\.") as caught:
        one.platform(one.images()[0])
    assert "is not a platform (like `linux/amd64`)" in caught.value.why


@pytest.mark.parametrize("count", [0, 2])
def test_a_layout_that_is_not_exactly_one_image_is_refused(tmp_path: Path, count: int) -> None:
    codec.write(tmp_path / "index.json", Index(2, [Descriptor(MANIFEST, Digest(DIGEST), 1)] * count))
    with pytest.raises(CandidateChanged) as caught:
        Layout(tmp_path).root()
    assert (caught.value.what, caught.value.why) == (f"{tmp_path} holds {count} images", "A candidate is exactly one")


def test_a_folder_that_is_no_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CandidateChanged) as caught:
        Layout(tmp_path).root()
    assert caught.value.what == f"{tmp_path / 'index.json'} cannot be read as Index"


def test_an_index_in_an_index_is_refused_and_not_followed(tmp_path: Path) -> None:
    two = layout(tmp_path, AMD64, ARM64)
    content = codec.encode(Index(2, [two.root()]))
    two.blob(Digest.of(content)).write_bytes(content)
    write_index(tmp_path, Descriptor(INDEX, Digest.of(content), len(content)))
    with pytest.raises(CandidateChanged, match="cannot be read as Manifest"):
        two.images()


def test_a_digest_cannot_lead_out_of_the_layout(tmp_path: Path) -> None:
    hostile = {"schemaVersion": 2, "manifests": [{"mediaType": MANIFEST, "digest": "sha256:../../etc", "size": 1}]}
    (tmp_path / "index.json").write_text(json.dumps(hostile))
    with pytest.raises(CandidateChanged, match="cannot be read as Index") as caught:
        Layout(tmp_path).images()
    assert "is not a digest" in caught.value.why


def test_a_narrowed_layout_holds_one_image_over_the_same_blobs(tmp_path: Path) -> None:
    two = layout(tmp_path / "two", AMD64, ARM64)
    (tmp_path / "one").mkdir()
    alone = narrowed(two, two.images()[1], tmp_path / "one")
    assert [alone.platform(image) for image in alone.images()] == ["linux/arm64/v8"]
    alone.verify()


def _whole() -> tuple[bytes, bytes, bytes]:
    """Return `index.json`, a manifest and a config, each as it should be."""
    with tempfile.TemporaryDirectory() as name:
        one = layout(Path(name))
        (image,) = one.images()
        config = one.blob(image.manifest.config.digest).read_bytes()
        return (one.path / "index.json").read_bytes(), one.blob(image.descriptor.digest).read_bytes(), config


WHOLE_INDEX, WHOLE_MANIFEST, WHOLE_CONFIG = _whole()


@given(
    reports(WHOLE_INDEX, names=FIELDS, words=(INDEX, MANIFEST)),
    reports(WHOLE_MANIFEST, names=FIELDS, words=(DIGEST,)),
    reports(WHOLE_CONFIG, names=FIELDS),
)
def test_any_layout_is_read_or_refused(index: bytes, manifest: bytes, config: bytes) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        _read_all(layout(folder / "any"), index, manifest, config)
    finally:
        shutil.rmtree(folder)


def _read_all(one: Layout, *contents: bytes) -> None:
    """Break one file of the layout after the other, each time reading everything."""
    (image,) = one.images()
    places = one.path / "index.json", one.blob(image.descriptor.digest), one.blob(image.manifest.config.digest)
    for path, content in zip(places, contents, strict=True):
        whole = path.read_bytes()
        path.write_bytes(content)
        try:
            for each in one.images():
                one.platform(each)
            one.verify()
        except CandidateChanged:
            pass
        path.write_bytes(whole)
    one.verify()


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b'{"rootfs": {"type": "layers", "diff_ids": null}, "history": null, "config": null}',
        b'{"rootfs": []}',
        b"?",
    ],
)
def test_a_configuration_of_another_form_tells_nothing_and_stops_nothing(content: bytes, tmp_path: Path) -> None:
    made = layout(tmp_path)
    (image,) = made.images()
    made.blob(image.manifest.config.digest).write_bytes(content)
    found = made.config(image)
    assert (found.layers, found.created_by, found.labels, found.made) == ((), (), {}, None)


def test_a_configuration_that_is_gone_is_a_change(tmp_path: Path) -> None:
    made = layout(tmp_path)
    (image,) = made.images()
    made.blob(image.manifest.config.digest).unlink()
    with pytest.raises(CandidateChanged):
        made.config(image)
