"""A root file system as an OCI layout."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any

from goldenpath.local.images import root_layout
from goldenpath.local.images.root_layout import RootImageConfig
from goldenpath.shared.names import Digest

NEWEST = 1_700_000_000


CONFIG = RootImageConfig("amd64", ("PATH=/bin",), ("sh",), labels={"a": "b"})


def tree(root: Path, *, modified: int) -> Path:
    (root / "etc").mkdir(parents=True)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    os.link(root / "etc/hosts", root / "etc/hosts.hard")
    (root / "bin").symlink_to("usr/bin")
    for path in (root / "etc/hosts", root / "etc"):
        os.utime(path, (modified, modified))
    return root


def write(root: Path, into: Path) -> Digest:
    into.mkdir()
    return root_layout.write(root, into, CONFIG, newest=NEWEST, keep=lambda path: path != "etc/left-out")


def test_the_same_tree_is_the_same_digest_whenever_it_was_made(tmp_path: Path) -> None:
    first = write(tree(tmp_path / "a", modified=NEWEST + 5), tmp_path / "one")
    assert first == write(tree(tmp_path / "b", modified=NEWEST + 99), tmp_path / "two")


def test_another_file_is_another_digest(tmp_path: Path) -> None:
    first = write(tree(tmp_path / "a", modified=NEWEST), tmp_path / "one")
    other = tree(tmp_path / "b", modified=NEWEST)
    (other / "new").touch()
    assert first != write(other, tmp_path / "two")


def test_every_blob_is_what_its_descriptor_says(tmp_path: Path) -> None:
    root = tree(tmp_path / "a", modified=NEWEST)
    (root / "etc/left-out").touch()
    digest = write(root, tmp_path / "layout")

    def blob(descriptor: dict[str, Any]) -> bytes:
        content: bytes = (tmp_path / "layout/blobs/sha256" / descriptor["digest"].removeprefix("sha256:")).read_bytes()
        assert Digest.of(content) == descriptor["digest"]
        assert len(content) == descriptor["size"]
        return content

    (entry,) = json.loads((tmp_path / "layout/index.json").read_bytes())["manifests"]
    assert entry["digest"] == digest
    manifest = json.loads(blob(entry))
    config = json.loads(blob(manifest["config"]))
    (layer,) = manifest["layers"]
    unpacked = gzip.decompress(blob(layer))
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(unpacked).hexdigest()]
    assert config["config"] == {"Env": ["PATH=/bin"], "Cmd": ["sh"], "WorkingDir": "/", "Labels": {"a": "b"}}
    (tmp_path / "layer.tar").write_bytes(unpacked)
    with tarfile.open(tmp_path / "layer.tar") as tar:
        kinds = {member.name: member.type for member in tar}
    assert kinds == {
        "bin": tarfile.SYMTYPE,
        "etc": tarfile.DIRTYPE,
        "etc/hosts": tarfile.REGTYPE,
        "etc/hosts.hard": tarfile.LNKTYPE,
    }
