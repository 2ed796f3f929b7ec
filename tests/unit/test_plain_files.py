from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.tools import plain_files
from goldenpath.tools.plain_files import Origin, PlainFiles, encoding_of

TEXT = "a text with a secret: 42\n"


def written(folder: Path, *contents: bytes) -> PlainFiles:
    files = PlainFiles(folder)
    for number, content in enumerate(contents):
        files.add(Origin(str(number), f"file{number}"), [content])
    return files


def zipped(content: bytes, name: str = "inner") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def test_a_file_has_a_name_of_ours_and_an_empty_first_line(tmp_path: Path) -> None:
    files = written(tmp_path, TEXT.encode(), b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0000000", "0000001"]
    assert (tmp_path / "0000000").read_bytes() == b"\n" + TEXT.encode()
    assert files.origins["0000001"] == Origin("1", "file1")
    assert files.not_scanned == []


def test_members_of_archives_are_files_of_their_own(tmp_path: Path) -> None:
    files = written(tmp_path, zipped(gzip.compress(TEXT.encode())))
    assert [origin.path for origin in files.origins.values()] == ["file0", "file0!inner", "file0!inner"]
    assert (tmp_path / "0000002").read_bytes() == b"\n" + TEXT.encode()


def test_a_text_in_another_encoding_is_there_as_utf_8_too(tmp_path: Path) -> None:
    written(tmp_path, TEXT.encode("utf-16-be"))
    assert (tmp_path / "0000000.txt").read_bytes() == b"\n" + TEXT.encode()


@pytest.mark.parametrize(("magic", "name"), [(b"7z\xbc\xaf\x27\x1c", "0000000.7z"), (b"Rar!\x1a\x07", "0000000.rar")])
def test_an_archive_that_only_the_scanner_reads_is_there_under_its_ending(
    tmp_path: Path, magic: bytes, name: str
) -> None:
    written(tmp_path, magic + b"...")
    assert (tmp_path / name).read_bytes() == magic + b"..."


def test_a_pointer_to_a_large_file_is_told(tmp_path: Path) -> None:
    files = written(tmp_path, b"version https://git-lfs.github.com/spec/v1\noid sha256:42\n")
    assert files.not_scanned == ["file0 is kept in git-lfs; only its pointer was scanned"]


def test_archives_that_hold_more_than_a_scan_takes_on_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_files, "UNPACKED_AT_MOST", 100)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in "abc":
            archive.writestr(name, bytes(1000))
    files = written(tmp_path, bomb.getvalue())
    assert files.not_scanned == ["file0 holds more than a scan takes on; not all of it was unpacked"]
    assert len(files.origins) == 2


def test_a_full_disk_is_not_taken_for_a_damaged_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "infolist", full)
    with pytest.raises(OSError, match="No space left"):
        written(tmp_path, zipped(b"x"))


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), None),
        (TEXT.encode("utf-16"), "utf-16-le"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-32"), "utf-32-le"),
        (bytes(100), None),
        (b"x", None),
        (b"", None),
    ],
)
def test_the_encoding_of_a_text_is_told_by_its_beginning(content: bytes, encoding: str | None) -> None:
    assert encoding_of(content) == encoding


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\x00", b"PK\x03\x04"]), st.data()
)
def test_whatever_a_file_holds_it_is_written_whole(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, magic: bytes, data: st.DataObject
) -> None:
    whole = magic + content + data.draw(st.sampled_from([b"", zipped(b"y"), gzip.compress(b"y")[:-3]]))
    files = written(tmp_path_factory.mktemp("files"), whole)
    assert (files.folder / "0000000").read_bytes() == b"\n" + whole
