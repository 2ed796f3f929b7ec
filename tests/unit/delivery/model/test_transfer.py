from __future__ import annotations

from pathlib import Path

from goldenpath.delivery.model import transfer
from goldenpath.delivery.model.transfer import ExportedBytes


def test_a_share_is_in_layers_and_megabytes() -> None:
    assert transfer.share(3, 7, 12_000_000, 60_140_000) == "3 of 7 layers, 12.0 of 60.1 MB"


def test_what_buildkit_has_exported_so_far_is_counted_without_what_was_there(tmp_path: Path) -> None:
    blobs, ingest = tmp_path / "blobs" / "sha256", tmp_path / "ingest" / "one"
    blobs.mkdir(parents=True)
    (blobs / "kept").write_bytes(b"x" * 900_000)
    exported = ExportedBytes(tmp_path)
    assert exported() == "building"
    ingest.mkdir(parents=True)
    (ingest / "data").write_bytes(b"x" * 1_000_000)
    assert exported() == "1.0 MB exported"
    (ingest / "data").rename(blobs / "new")
    assert exported() == "1.0 MB exported"


def test_a_layout_that_is_gone_has_nothing(tmp_path: Path) -> None:
    assert ExportedBytes(tmp_path / "gone")() == "building"


def test_a_layout_that_was_emptied_is_no_negative_number(tmp_path: Path) -> None:
    blobs = tmp_path / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    (blobs / "kept").write_bytes(b"x" * 900_000)
    exported = ExportedBytes(tmp_path)
    exported()
    (blobs / "kept").unlink()
    assert exported() == "building"
