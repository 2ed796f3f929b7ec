"""Git folders are found in any layer of an image, whatever its compression, and what cannot be read is named."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from goldenpath.delivery.image import image_files
from goldenpath.delivery.image.image_files import LayerSearch
from goldenpath.delivery.model.layout import Descriptor, Layout, LayoutImage, Manifest
from goldenpath.shared.names import Digest
from goldenpath.shared.oci import CONFIG, GZIP_LAYER, MANIFEST

TAR = GZIP_LAYER.removesuffix("+gzip")
NO_TAR = gzip.compress(b"no tar", mtime=0)


CLONED = """[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = true
[remote "origin"]
\turl = https://github.com/nvm-sh/nvm.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[branch "master"]
\tremote = origin
\tmerge = refs/heads/master
"""


def layer(folder: Path, *names: str, media_type: str = GZIP_LAYER) -> Descriptor:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    raw = content.getvalue()
    return stored(folder, gzip.compress(raw, mtime=0) if media_type.endswith("gzip") else raw, media_type)


def stored(folder: Path, raw: bytes, media_type: str) -> Descriptor:
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    digest = Digest.of(raw)
    (blobs / digest.hex).write_bytes(raw)
    return Descriptor(media_type, digest, len(raw))


def search(folder: Path, *layers: Descriptor) -> LayerSearch:
    descriptor = stored(folder, b"{}", CONFIG)
    image = LayoutImage(descriptor, Manifest(2, MANIFEST, descriptor, list(layers)))
    found = (image_files.search_layer(Layout(folder).blob(each.digest), each) for each in image.manifest.layers)
    return image_files.merge_searches(found)


@pytest.mark.parametrize("name", [".git/HEAD", "./.git/config", "app/.git/objects/ab/cd", "a/b/.git/config"])
@pytest.mark.parametrize("media_type", [GZIP_LAYER, TAR])
def test_a_git_folder_is_found(tmp_path: Path, name: str, media_type: str) -> None:
    found = search(tmp_path, layer(tmp_path, "etc/passwd", name, media_type=media_type))
    (folder,) = found.git_folders
    assert (folder.path, found.unread) == (name.removeprefix("./").partition(".git")[0] + ".git", ())


@pytest.mark.parametrize("name", ["app/.gitignore", ".github/config", "app/.git", "x.git/config", ".git/README"])
def test_what_only_looks_like_one_is_not(tmp_path: Path, name: str) -> None:
    assert search(tmp_path, layer(tmp_path, name)).git_folders == ()


def test_one_that_a_later_layer_removes_is_found_once(tmp_path: Path) -> None:
    layers = layer(tmp_path, "app/.git/HEAD", "app/.git/config"), layer(tmp_path, "app/.wh..git")
    (folder,) = search(tmp_path, *layers).git_folders
    assert folder.path == "app/.git"


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [(b"", GZIP_LAYER), (b"no gzip", GZIP_LAYER), (NO_TAR, GZIP_LAYER), (b"x", f"{TAR}+zstd")],
)
def test_a_layer_that_cannot_be_read_is_named(tmp_path: Path, raw: bytes, media_type: str) -> None:
    broken = stored(tmp_path, raw, media_type)
    assert search(tmp_path, broken) == LayerSearch((), (str(broken.digest),))


@pytest.mark.parametrize("name", ["app.jar", "srv/APP.War", "./a/b.ear", "x.par"])
def test_a_java_archive_in_any_layer_is_named(tmp_path: Path, name: str) -> None:
    found = search(tmp_path, layer(tmp_path, "etc/passwd"), layer(tmp_path, name, "z/later.jar"))
    assert found.java_archive == name.removeprefix("./")


@pytest.mark.parametrize("name", ["app.jar.txt", "jar", "app.jarx", "app.class", "lib/.wh.app.jar"])
def test_what_only_looks_like_a_java_archive_is_none(tmp_path: Path, name: str) -> None:
    assert search(tmp_path, layer(tmp_path, name)).java_archive == ""


@pytest.mark.parametrize("kind", [tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_folder_or_a_link_is_no_java_archive(tmp_path: Path, kind: bytes) -> None:
    content, entry = io.BytesIO(), tarfile.TarInfo("app.jar")
    entry.type, entry.linkname = kind, "elsewhere"
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(entry)
    assert search(tmp_path, stored(tmp_path, content.getvalue(), TAR)).java_archive == ""
