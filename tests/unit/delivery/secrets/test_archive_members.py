"""What is packed in a file."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.unit.delivery.secrets.test_scan_corpus import contents, tarred, written, zipped

BETWEEN = b"\n############\n"


TEXT = "a text with a secret: 42\n"


def test_members_of_archives_are_contents_of_their_own(tmp_path: Path) -> None:
    files = written(tmp_path, zipped(gzip.compress(TEXT.encode())))
    assert [origin.path for origin in files.origins.values()] == ["file0", "file0!inner", "file0!inner"]
    assert contents(files)[-1] == TEXT.encode()


PACKED = gzip.compress(TEXT.encode())


NAMED = b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * 247 + b"ustar\x00" + PACKED[10:]


OPENED_BY_OTHERS = {
    "a member of an unknown type": tarred(PACKED, kind=b"Z"),
    "after the end of a tar": tarred(b"") + PACKED,
    "after a header of a tar that is damaged": tarred(b"")[:1024] + b"x" * 512 + PACKED,
    "after a stream of bzip2": bz2.compress(b"first") + PACKED,
    "after a stream of xz": lzma.compress(b"first") + PACKED,
    "xz behind a script": b"#!/bin/sh\nexit\n" + lzma.compress(TEXT.encode()),
    "bzip2 behind a script": b"#!/bin/sh\nexit\n" + bz2.compress(TEXT.encode()),
    "gzip whose name reads like a tar": NAMED,
    "a zip whose name is not UTF-8": zipped(PACKED, "caf\u00e9").replace("\u00e9".encode(), b"\xe9\xe9"),
}


@pytest.mark.parametrize("name", OPENED_BY_OTHERS)
def test_what_other_programs_open_is_opened(tmp_path: Path, name: str) -> None:
    assert TEXT.encode() in contents(written(tmp_path, OPENED_BY_OTHERS[name]))


def test_the_name_of_a_member_is_text_whatever_it_was_written_in(tmp_path: Path) -> None:
    files = written(tmp_path, tarred(TEXT.encode(), "caf\u00e9.txt"))
    assert files.origins["0000001"].path == "file0!caf\ufffd.txt"


def test_a_tar_of_headers_alone_ends_in_a_limit_and_not_in_a_traceback(tmp_path: Path) -> None:
    longname = tarfile.TarInfo("././@LongLink")
    longname.type, longname.size = tarfile.GNUTYPE_LONGNAME, 0
    files = written(tmp_path, longname.tobuf() * 3000)
    assert files.unread["file0"].what.startswith("needs more memory than a scan has")


def test_a_full_disk_is_not_taken_for_a_damaged_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "infolist", full)
    with pytest.raises(OSError, match="No space left"):
        written(tmp_path, zipped(b"x"))
