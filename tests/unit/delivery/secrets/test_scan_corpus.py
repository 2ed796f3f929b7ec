from __future__ import annotations

import gzip
import io
import re
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from goldenpath.delivery.secrets.scan_corpus import FileOrigin, ScanCorpus, encoding_of
from tests.unit.packed import members

BETWEEN = b"\n############\n"
TEXT = "a text with a secret: 42\n"


def written(folder: Path, *contents: bytes) -> ScanCorpus:
    files = ScanCorpus(folder)
    for number, content in enumerate(contents):
        files.add(FileOrigin(str(number), f"file{number}"), [content])
    files.close()
    return files


def contents(files: ScanCorpus) -> list[bytes]:
    """Return what is in the files, without what begins, parts and ends them."""
    packed = members(files.packed).values()
    return [content for each in packed for content in each.removesuffix(BETWEEN).split(BETWEEN)]


def zipped(content: bytes, name: str = "inner") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def test_short_contents_share_a_file(tmp_path: Path) -> None:
    files = written(tmp_path, TEXT.encode(), b"")
    assert contents(files) == [TEXT.encode(), b""]
    assert files.origins["0000001"] == FileOrigin("1", "file1")
    assert files.not_scanned == []


def tarred(content: bytes, name: str = "inner", kind: bytes = tarfile.REGTYPE) -> bytes:
    file, member = io.BytesIO(), tarfile.TarInfo(name)
    member.size, member.type = len(content), kind
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def test_a_text_in_another_encoding_is_there_as_utf_8_too(tmp_path: Path) -> None:
    assert contents(written(tmp_path, TEXT.encode("utf-16-be"))) == [TEXT.encode()]


@pytest.mark.parametrize("content", [b"0\x82" + bytes(9) + b"a name of some length\0" * 9, b"text\n" * 900])
def test_a_store_of_keys_is_one_file_whatever_is_in_it(tmp_path: Path, content: bytes) -> None:
    """gitleaks reports it by its name."""
    files = ScanCorpus(tmp_path)
    files.add(FileOrigin("1", "keys/store.p12"), [content])
    files.close()
    assert list(members(files.packed).items()) == [("0000000-plain.p12", content)]


@pytest.mark.parametrize(("magic", "ending"), [(b"7z\xbc\xaf\x27\x1c", ".7z"), (b"Rar!\x1a\x07", ".rar")])
def test_an_archive_that_only_the_scanner_reads_is_there_under_its_ending(
    tmp_path: Path, magic: bytes, ending: str
) -> None:
    files = written(tmp_path, magic + b"...")
    assert (files.packed.batch.folder / f"0000000-archive{ending}").read_bytes() == magic + b"..."
    assert files.not_scanned == ["file0 was scanned by gitleaks, which does not report the members that it cannot open"]


def test_a_pointer_to_a_large_file_is_told(tmp_path: Path) -> None:
    files = written(tmp_path, b"version https://git-lfs.github.com/spec/v1\noid sha256:42\n")
    assert files.not_scanned == ["file0 is kept in git-lfs; only its pointer was scanned"]


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
def test_whatever_a_file_holds_a_text_is_written_whole_and_of_bytes_what_is_printable(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, magic: bytes, data: st.DataObject
) -> None:
    whole = magic + content + data.draw(st.sampled_from([b"", zipped(b"y"), gzip.compress(b"y")[:-3]]))
    assume(BETWEEN not in whole)
    found = contents(written(tmp_path_factory.mktemp("files"), whole))
    if b"\0" in whole:
        assert all(any(run in each for each in found) for run in re.findall(rb"[\t\n\r -~]{12,}", whole))
    else:
        assert found[0] == whole


def test_a_zip_holds_what_its_directory_lists(tmp_path: Path) -> None:
    """Who hides a member from the directory could encrypt the secret as well: docs/threat-model.md."""
    hidden = zipped(gzip.compress(TEXT.encode()))
    files = written(tmp_path, hidden[: hidden.index(b"PK\x01\x02")] + zipped(b"harmless"))
    assert [origin.path for origin in files.origins.values()] == ["file0", "file0!inner"]
