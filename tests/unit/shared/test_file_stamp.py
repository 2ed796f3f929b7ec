"""The stamp of a file."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from goldenpath.shared import file_stamp


@pytest.mark.parametrize(
    ("changed", "age", "is_settled"), [(0, 1, False), (0, 4, True), (1, 0.05, False), (1, 1, True)]
)
def test_a_stamp_is_settled_once_no_later_change_can_have_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: int, age: float, *, is_settled: bool
) -> None:
    (tmp_path / "file").touch()
    plain = (tmp_path / "file").stat()
    moment = 1_700_000_000_000_000_000 + changed

    class Found:
        st_dev, st_ino, st_mode, st_size = plain.st_dev, plain.st_ino, plain.st_mode, plain.st_size
        st_mtime_ns, st_ctime_ns = plain.st_mtime_ns, moment

    monkeypatch.setattr(time, "time_ns", lambda: moment + int(age * 1e9))
    stamp = file_stamp.FileStamp.of(Found())  # type: ignore[arg-type]
    assert stamp.proves(Found()) is is_settled  # type: ignore[arg-type]
