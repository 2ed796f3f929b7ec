"""A process proves each blob once, and once more when it is not surely the same file."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.shared import file_stamp
from goldenpath.shared.errors import CandidateChanged
from tests.unit import layout_builder

if TYPE_CHECKING:
    from io import BufferedReader

    from goldenpath.delivery.model.layout import Layout


@pytest.fixture
def built(tmp_path: Path) -> Layout:
    return layout_builder.layout(tmp_path / "candidate")


@pytest.fixture
def long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every file for one that has not changed for a long time."""
    for name in ("OLD_ENOUGH", "OLD_ENOUGH_WHERE_COARSE"):
        monkeypatch.setattr(file_stamp, name, -(10**12))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of every file that is hashed from now on."""
    seen, digest = list[str](), hashlib.file_digest

    def noted(file: BufferedReader, name: str) -> object:
        seen.append(Path(file.name).name)
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", noted)
    return seen


@pytest.mark.usefixtures("long_ago")
def test_what_was_proved_is_not_read_again(built: Layout, read: list[str]) -> None:
    blobs = sorted(each.digest.hex for each in built.descriptors())
    built.verify()
    built.verify()
    assert sorted(read) == blobs


@pytest.mark.usefixtures("long_ago")
def test_two_stages_at_once_read_a_blob_once(built: Layout, read: list[str]) -> None:
    blobs = sorted(each.digest.hex for each in built.descriptors())
    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(built.verify) for _ in range(4)]:
            each.result()
    assert sorted(read) == blobs


def test_what_was_written_a_moment_before_is_read_again(built: Layout, read: list[str]) -> None:
    blobs = sorted(each.digest.hex for each in built.descriptors())
    built.verify()
    built.verify()
    assert sorted(read) == sorted(blobs * 2)


@pytest.mark.usefixtures("long_ago")
@pytest.mark.parametrize("way", ["written", "replaced", "permissions"])
def test_a_blob_that_changed_since_is_read_again_whatever_its_date_and_size_say(
    built: Layout, read: list[str], way: str
) -> None:
    built.verify()
    layer = built.blob(built.images()[0].manifest.layers[0].digest)
    before, content = layer.stat(), bytes(layer.stat().st_size)
    read.clear()
    if way == "permissions":
        layer.chmod(0o600)
        built.verify()
        assert read == [layer.name]
        return
    target = layer if way == "written" else layer.with_name("other")
    target.write_bytes(content)
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    target.replace(layer)
    assert (layer.stat().st_mtime_ns, layer.stat().st_size) == (before.st_mtime_ns, before.st_size)
    with pytest.raises(CandidateChanged, match="is not what its digest says"):
        built.verify()


@pytest.mark.usefixtures("long_ago")
def test_a_blob_that_is_gone_or_wrong_is_told_each_time(built: Layout) -> None:
    built.verify()
    config = built.blob(built.images()[0].manifest.config.digest)
    content = config.read_bytes()
    config.unlink()
    for _ in range(2):
        with pytest.raises(CandidateChanged, match="cannot be read"):
            built.verify()
    config.write_bytes(content + b"x")
    for _ in range(2):
        with pytest.raises(CandidateChanged, match="is not what its digest says"):
            built.verify()
    config.write_bytes(content)
    built.verify()
