"""What a ZIP file of strangers holds is taken only as far as it is a record, and never without an end."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.delivery.evidence import artifact_zip
from goldenpath.delivery.evidence.run_records import RecordKind
from tests.doubles.github.artifacts import zipped


def unpacked(folder: Path, content: bytes) -> dict[str, bytes]:
    archive, target = folder / "a.zip", folder / "records"
    archive.write_bytes(content)
    target.mkdir(exist_ok=True)
    artifact_zip.unpack(archive, target)
    return {path.name: path.read_bytes() for path in target.iterdir()}


def why(folder: Path, content: bytes) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011  the callers compare the words
        unpacked(folder, content)
    return str(error.value)


def packed(*entries: tuple[zipfile.ZipInfo | str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as archive:
        for entry, content in entries:
            archive.writestr(entry, content, method)
    return raw.getvalue()


def test_records_are_taken_and_nothing_else(tmp_path: Path) -> None:
    others = ("trivy.json", "../receipt.json", "/receipt.json", "a/receipt.json", "receipt.json/", "RECEIPT.JSON")
    records = {name: name.encode() for name in RecordKind}
    assert unpacked(tmp_path, zipped(dict.fromkeys(others, b"x") | records)) == records
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "records"}


def test_an_artifact_without_records_gives_none(tmp_path: Path) -> None:
    assert unpacked(tmp_path, zipped({})) == {}


@pytest.mark.parametrize(
    "content", [b"", b"no zip", zipped({"receipt.json": b"{}"})[:-10], b"PK\x05\x06" + b"\xff" * 18]
)
def test_what_is_no_zip_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert why(tmp_path, content)


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("receipt.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert why(tmp_path, packed((link, b"/etc/passwd"))) == "receipt.json in it is no regular file"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_record_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    assert why(tmp_path, packed(("receipt.json", b"1"), ("receipt.json", b"2"))) == "it has receipt.json twice"


def test_a_record_beyond_the_limit_is_refused_whatever_size_it_claims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact_zip, "LARGEST_FILE", 1 << 20)
    bomb = zipped({"receipt.json": bytes((1 << 20) + 1)})
    assert len(bomb) < 5_000
    assert why(tmp_path, bomb) == "receipt.json in it is larger than 1 MB"


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact_zip, "MOST_ENTRIES", 3)
    assert why(tmp_path, zipped({str(number): b"" for number in range(4)})) == "it has more than 3 entries"


def test_a_list_of_entries_that_is_too_long_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact_zip, "_LONGEST_LIST", 1 << 17)
    content = zipped({f"{number:0200}": b"" for number in range(600)})
    assert why(tmp_path, content) == f"it has more than {artifact_zip.MOST_ENTRIES} entries"


def test_other_compressions_are_refused(tmp_path: Path) -> None:
    content = packed(("receipt.json", b"{}"), method=zipfile.ZIP_LZMA)
    assert why(tmp_path, content) == "receipt.json in it is compressed in a way that artifacts do not use"


def test_an_encrypted_record_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"receipt.json": b"{}"}))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + flags] |= 1
    assert "encrypted" in why(tmp_path, bytes(content))


@given(place=st.integers(0, 399), byte=st.integers(0, 255))
def test_a_damaged_file_is_read_or_refused_with_words(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    content = bytearray(packed(("receipt.json", b"{}" * 50), ("trivy.json", b"[]")))
    content[place % len(content)] = byte
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "a.zip").write_bytes(content)
    try:
        artifact_zip.unpack(folder / "a.zip", folder)
    except ValueError as error:
        assert str(error)
