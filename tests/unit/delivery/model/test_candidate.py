"""Candidates as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.model.candidate import Candidate
from goldenpath.shared import codec
from goldenpath.shared.errors import DiskTrouble, StageOutOfOrder


def test_a_missing_file_names_the_stage_that_writes_it(tmp_path: Path) -> None:
    with pytest.raises(StageOutOfOrder) as caught:
        codec.read(tmp_path / "candidate.json", Candidate, written_by="build")
    assert caught.value.what == f"candidate.json is missing from {tmp_path}"
    assert caught.value.why == "`build` writes it, and has not run (or not to its end) with this work folder"
    assert caught.value.fix == "Run `goldenpath build` first, with the same --work-dir"


def test_a_file_that_the_stage_did_not_write_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b'{"digest": 1}')
    with pytest.raises(StageOutOfOrder) as caught:
        codec.read(tmp_path / "x.json", Candidate, written_by="build")
    assert caught.value.what == f"{tmp_path / 'x.json'} is not a file that `build` wrote"
    assert caught.value.fix == "Run `goldenpath build` again"


def test_a_folder_in_the_place_of_a_file_is_disk_trouble(tmp_path: Path) -> None:
    with pytest.raises(DiskTrouble, match="cannot be written or read"):
        codec.read(tmp_path, Candidate, written_by="build")
