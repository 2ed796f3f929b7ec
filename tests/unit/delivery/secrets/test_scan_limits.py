"""How much a scan for secrets takes on."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.secrets import scan_limits
from tests.unit.delivery.secrets.test_scan_corpus import contents, tarred, written, zipped

if TYPE_CHECKING:
    import pytest

BETWEEN = b"\n############\n"


TEXT = "a text with a secret: 42\n"


def test_archives_that_hold_more_than_a_scan_takes_on_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_limits, "ALWAYS_UNPACKED", 100)
    monkeypatch.setattr(scan_limits, "RATIO", 1)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in "abc":
            archive.writestr(name, bytes(1000))
    files = written(tmp_path, bomb.getvalue())
    assert files.not_scanned == []
    assert {path: each.what for path, each in files.unread.items()} == {
        "file0": "holds more than 0 MiB, the limit for a file of its size (at file0!a)"
    }
    assert len(files.origins) == 2


def test_one_archive_does_not_spend_what_another_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_limits, "ALWAYS_UNPACKED", 1000)
    monkeypatch.setattr(scan_limits, "RATIO", 1)
    files = written(tmp_path, gzip.compress(bytes(1 << 20)), gzip.compress(TEXT.encode()))
    assert list(files.unread) == ["file0"]
    assert TEXT.encode() in contents(files)


def test_the_small_ones_are_opened_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_limits, "UNPACKED_OF_ALL", 1000)
    large = [gzip.compress(os.urandom(size)) for size in (4000, 3000)]
    files = written(tmp_path, *large, zipped(TEXT.encode()))
    assert TEXT.encode() in contents(files)
    assert {path: each.what for path, each in files.unread.items()} == {
        "file1": "was not unpacked to its end: all archives hold more than 0 MiB",
        "file0": "was not opened: the archives before it hold more than 0 MiB",
    }


def test_when_the_time_is_up_every_archive_is_named_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_limits, "SECONDS", -1.0)
    files = written(tmp_path, zipped(b"x"), b"a plain file", b"#!/bin/sh\n" + gzip.compress(b"x"), tarred(b"x"))
    assert list(files.unread) == ["file2", "file0", "file3"]
