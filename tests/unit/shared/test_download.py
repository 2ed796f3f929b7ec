"""Archives, mirrors and proxies: everything about a download that needs no network."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from goldenpath.shared import download
from goldenpath.shared.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path


def archive(folder: Path, **members: bytes | str) -> Path:
    """Make a tar.gz; a `str` is the target of a symbolic link."""
    path = folder / "x.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return path


def test_only_the_named_member_is_unpacked(tmp_path: Path) -> None:
    packed = archive(tmp_path, README=b"no", hello=b"yes", __etc__passwd=b"never")
    download.unpack(packed, "hello", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"yes"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "x.tar.gz"]


def test_a_zip_is_unpacked_as_a_tar_is(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.writestr("LICENSE.txt", b"no")
        packed.writestr("hello", b"yes")
    download.unpack(tmp_path / "x.zip", "hello", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"yes"
    with pytest.raises(BadInput, match="other is not a regular file in it"):
        download.unpack(tmp_path / "x.zip", "other", tmp_path / "out")


def test_a_member_written_with_a_leading_dot_is_found(tmp_path: Path) -> None:
    download.unpack(archive(tmp_path, **{".__hello": b"yes"}), "hello", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"yes"


@pytest.mark.parametrize("members", [{"hello": "/etc/passwd"}, {"other": b"x"}, {"__hello": b"x"}, {"..__hello": b"x"}])
def test_a_link_or_a_path_elsewhere_is_not_the_member(tmp_path: Path, members: dict[str, bytes | str]) -> None:
    with pytest.raises(BadInput) as caught:
        download.unpack(archive(tmp_path, **members), "hello", tmp_path / "out")
    assert caught.value.why == "hello is not a regular file in it"
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(b"<html>")
    with pytest.raises(BadInput, match=r"x\.tar\.gz has the pinned hash but cannot be unpacked"):
        download.unpack(tmp_path / "x.tar.gz", "hello", tmp_path / "out")


def test_the_mirror_takes_the_place_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOLDENPATH_RELEASES", raising=False)
    assert download.Releases.from_environment().base == "https://github.com"
    monkeypatch.setenv("GOLDENPATH_RELEASES", "https://mirror.example/github/")
    assert download.Releases.from_environment().base == "https://mirror.example/github"


@pytest.mark.parametrize("base", ["mirror.example", "ftp://mirror.example", "file:///srv", "https://"])
def test_a_mirror_that_is_no_web_address_is_refused(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("GOLDENPATH_RELEASES", base)
    with pytest.raises(BadInput, match="GOLDENPATH_RELEASES is not an address"):
        download.Releases.from_environment()
