"""The archive of evidence: safe names, fixed times, one hash per file."""

from __future__ import annotations

import hashlib
import tarfile
from typing import TYPE_CHECKING

import pytest

from goldenpath.shared import evidence_archive
from goldenpath.shared.errors import DiskTrouble, EvidenceMismatch
from goldenpath.shared.evidence_archive import ArchivedFile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("path", ["../x", "a/../b", "/etc/passwd", "a//b", "", ".hidden", "a\nb", "<b>", "a" * 201])
def test_a_path_that_could_leave_the_folder_is_no_path_of_an_archive(path: str) -> None:
    with pytest.raises(ValueError, match="no safe path"):
        ArchivedFile(path, b"")


def test_the_same_files_make_the_same_bytes_in_any_order_with_their_hashes_at_the_end(tmp_path: Path) -> None:
    record = tmp_path / "receipt.json"
    record.write_bytes(b"{}")
    digest = hashlib.sha256(b"{}").hexdigest()
    files = [ArchivedFile("b/receipt.json", record, digest), ArchivedFile("a.md", b"text")]
    first = evidence_archive.write(tmp_path / "1.tar.gz", "root", files)
    record.touch()
    assert evidence_archive.write(tmp_path / "new" / "2.tar.gz", "root", files[::-1]) == first
    content = (tmp_path / "1.tar.gz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == first
    with tarfile.open(tmp_path / "1.tar.gz") as archive:
        members = archive.getmembers()
        assert [entry.name for entry in members] == ["root/a.md", "root/b/receipt.json", "root/SHA256SUMS"]
        assert {(entry.mtime, entry.uid, entry.gid, entry.mode) for entry in members} == {(0, 0, 0, 0o644)}
        sums = archive.extractfile("root/SHA256SUMS")
        assert sums
        assert sums.read().decode().splitlines() == [
            f"{hashlib.sha256(b'text').hexdigest()}  a.md", f"{digest}  b/receipt.json",
        ]  # fmt: skip


def test_a_record_that_changed_meanwhile_or_is_gone_leaves_no_archive(tmp_path: Path) -> None:
    record, output = tmp_path / "receipt.json", tmp_path / "out" / "1.tar.gz"
    record.write_bytes(b"other")
    file = ArchivedFile("receipt.json", record, "0" * 64)
    with pytest.raises(EvidenceMismatch, match="changed while the archive was made"):
        evidence_archive.write(output, "root", [file])
    record.unlink()
    with pytest.raises(DiskTrouble):
        evidence_archive.write(output, "root", [file])
    assert list(output.parent.iterdir()) == []
