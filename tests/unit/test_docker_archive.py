from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.errors import BuildFailed
from goldenpath.model.layout import Layout
from goldenpath.model.names import Digest
from goldenpath.tools import docker_archive

LAYERS = (b"first layer", b"second layer" * 1000, b"first layer")
REVISION = {"org.opencontainers.image.revision": "a" * 40}


def config(*layers: bytes, **more: object) -> bytes:
    diff_ids = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    return json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": diff_ids}, **more}).encode()


def archive(files: Mapping[str, bytes | str]) -> bytes:
    """Return a tar of `files`; a value that is a string is where a link points."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def pieces(content: bytes, size: int = 1000) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def old() -> dict[str, bytes | str]:
    """Return an archive as engines before 25 write it: a layer that occurs twice is a link."""
    manifest = [{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["1/layer.tar", "2/layer.tar", "3/layer.tar"]}]
    return {
        "c.json": config(*LAYERS),
        "1/VERSION": b"1.0",
        "1/layer.tar": LAYERS[0],
        "2/layer.tar": LAYERS[1],
        "3/layer.tar": "../1/layer.tar",
        "manifest.json": json.dumps(manifest).encode(),
    }


def new() -> dict[str, bytes | str]:
    """Return an archive as engines from 25 on write it: an OCI layout with a `manifest.json` beside it."""
    blobs = {f"blobs/sha256/{hashlib.sha256(each).hexdigest()}": each for each in (*LAYERS, config(*LAYERS))}
    names = list(blobs)
    manifest = [{"Config": names[2], "Layers": [names[0], names[1], names[0]]}]
    return {"oci-layout": b"{}", **blobs, "manifest.json": json.dumps(manifest).encode()}


def converted(files: Mapping[str, bytes | str], folder: Path) -> Layout:
    docker_archive.convert(pieces(archive(files)), folder, REVISION)
    return Layout(folder)


def refused(content: bytes, folder: Path) -> str:
    with pytest.raises(BuildFailed) as caught:
        docker_archive.convert(pieces(content), folder, {})
    assert caught.value.what == "the engine's image cannot be read"
    return caught.value.why


@pytest.mark.parametrize("files", [old(), new()], ids=["before 25", "from 25 on"])
def test_an_archive_becomes_a_layout_that_verifies(tmp_path: Path, files: dict[str, bytes | str]) -> None:
    layout = converted(files, tmp_path)
    layout.verify()
    (image,) = layout.images()
    assert layout.platform(image) == "linux/amd64"
    assert layout.blob(image.manifest.config.digest).read_bytes() == config(*LAYERS)
    packed = [layout.blob(layer.digest).read_bytes() for layer in image.manifest.layers]
    assert [gzip.decompress(each) for each in packed] == list(LAYERS)


def test_nothing_but_the_layout_is_left(tmp_path: Path) -> None:
    layout = converted(old(), tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["blobs", "index.json", "oci-layout"]
    held = {each.name for each in (tmp_path / "blobs" / "sha256").iterdir()}
    assert held == {each.digest.hex for each in layout.descriptors()}


def test_the_same_archive_gives_the_same_digest_whatever_its_form_and_pieces(tmp_path: Path) -> None:
    digests = set()
    for number, (files, size) in enumerate([(old(), 7), (old(), 1 << 20), (new(), 512)]):
        docker_archive.convert(pieces(archive(files), size), tmp_path / str(number), REVISION)
        digests.add(Layout(tmp_path / str(number)).root().digest)
    assert len(digests) == 1


def test_annotations_are_in_the_manifest(tmp_path: Path) -> None:
    layout = converted(old(), tmp_path)
    manifest = json.loads(layout.blob(layout.root().digest).read_bytes())
    assert manifest["annotations"] == REVISION
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"


def test_the_variant_of_a_platform_is_kept(tmp_path: Path) -> None:
    layout = converted({**old(), "c.json": config(*LAYERS, architecture="arm64", variant="v8")}, tmp_path)
    assert layout.platform(layout.images()[0]) == "linux/arm64/v8"


def without(name: str) -> dict[str, bytes | str]:
    return {path: content for path, content in old().items() if path != name}


def entry(**fields: object) -> bytes:
    return json.dumps([{"Config": "c.json", "Layers": ["1/layer.tar"], **fields}]).encode()


#          what is wrong with the archive                                                       why
HOSTILE: dict[str, tuple[Callable[[], dict[str, bytes | str]], str]] = {
    "no manifest": (lambda: without("manifest.json"), "KeyError: 'manifest.json'"),
    "an empty manifest": (lambda: {**old(), "manifest.json": b"[]"}, "IndexError: list index out of range"),
    "a manifest that is no JSON": (lambda: {**old(), "manifest.json": b"\xff"}, "DecodeError: JSON is malformed"),
    "no config": (lambda: without("c.json"), "KeyError: 'c.json'"),
    "a config without platform": (lambda: {**old(), "c.json": b"{}"}, "ValidationError: Object missing required"),
    "no layer": (lambda: without("2/layer.tar"), "KeyError: '2/layer.tar'"),
    "a layer of other bytes": (
        lambda: {**old(), "2/layer.tar": b"planted"},
        f"ValueError: a layer is {Digest.of(b'planted')}, but the config names {Digest.of(LAYERS[1])}",
    ),
    "a layer too few": (
        lambda: {**old(), "manifest.json": entry()},
        "ValueError: 1 layers, but the config names 3",
    ),
    "a config outside of the archive": (
        lambda: {**old(), "manifest.json": entry(Config="/etc/passwd")},
        "KeyError: '/etc/passwd'",
    ),
    "a layer outside of the archive": (
        lambda: {**old(), "manifest.json": entry(Layers=["../../../etc/passwd"])},
        "KeyError: '../../../etc/passwd'",
    ),
    "a link out of the archive": (lambda: {**old(), "3/layer.tar": "../../../etc/passwd"}, "KeyError: "),
    "a link to itself": (lambda: {**old(), "3/layer.tar": "../3/layer.tar"}, "KeyError: "),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_an_archive_that_no_engine_writes_is_refused(tmp_path: Path, case: str) -> None:
    files, why = HOSTILE[case]
    assert why in refused(archive(files()), tmp_path / "layout")


def test_a_name_that_climbs_out_writes_nothing_outside(tmp_path: Path) -> None:
    climbing = {"../../escaped": b"x", "/etc/../escaped": b"x", "unpacked/../../escaped": b"x", **old()}
    converted(climbing, tmp_path / "a" / "layout")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    assert [each.name for each in (tmp_path / "a").iterdir()] == ["layout"]


@pytest.mark.parametrize("content", [b"", b"not a tar", b"\0" * 512, b"\x1f\x8b" + b"\0" * 600])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    refused(content, tmp_path / "layout")


WHOLE = archive(old())


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "layout"


@given(st.integers(0, len(WHOLE.rstrip(b"\0")) - 1))
def test_an_archive_that_ends_early_is_refused(end: int) -> None:
    """The stream of an engine that died: wherever it was cut, there is no candidate."""
    with _folder() as folder:
        refused(WHOLE[:end], folder)


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=3))
def test_an_archive_with_any_bytes_changed_is_refused_or_says_what_its_digests_say(place: int, instead: bytes) -> None:
    content = WHOLE[:place] + instead + WHOLE[place + len(instead) :]
    with _folder() as folder:
        try:
            docker_archive.convert(pieces(content), folder, {})
        except BuildFailed:
            return
        Layout(folder).verify()
