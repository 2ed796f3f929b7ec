"""A program's hash may be made while another program works, and says what would be executed all the same."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.shared import file_stamp
from goldenpath.shared.errors import ToolHashMismatch
from goldenpath.shared.program_hashes import ProgramHashes
from tests.unit.shared.test_toolchain import toolchain

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedReader

GOOD, BAD = b"good", b"evil"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(GOOD)
    return path


@pytest.fixture
def long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every file for one that has not changed for a long time."""
    for name in ("OLD_ENOUGH", "OLD_ENOUGH_WHERE_COARSE"):
        monkeypatch.setattr(file_stamp, name, -(10**12))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file that is hashed from now on."""
    seen, digest = list[Path](), hashlib.file_digest

    def noted(file: BufferedReader, name: str) -> object:
        seen.append(Path(file.name))
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", noted)
    return seen


def ahead(path: Path) -> ProgramHashes:
    """Return hashes of which that of `path` was made ahead."""
    hashes = ProgramHashes()
    hashes.make_ahead([path]).join()
    return hashes


@pytest.mark.usefixtures("long_ago")
def test_a_hash_made_ahead_is_good_for_one_time(program: Path, read: list[Path]) -> None:
    hashes = ahead(program)
    assert (hashes.of(program), read) == (sha256(GOOD), [program])
    assert (hashes.of(program), read) == (sha256(GOOD), [program, program])


def test_a_file_that_has_just_changed_is_read_again(
    program: Path, read: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OLD_ENOUGH", "OLD_ENOUGH_WHERE_COARSE"):
        monkeypatch.setattr(file_stamp, name, 10**15)
    assert (ahead(program).of(program), read) == (sha256(GOOD), [program, program])


def written(program: Path) -> None:
    program.write_bytes(BAD)


def replaced(program: Path) -> None:
    (program.parent / "other").write_bytes(BAD)
    (program.parent / "other").replace(program)


def linked(program: Path) -> None:
    (program.parent / "other").write_bytes(BAD)
    program.unlink()
    program.symlink_to("other")


@pytest.mark.usefixtures("long_ago")
@pytest.mark.parametrize("change", [written, replaced, linked])
def test_what_changed_since_is_seen_whatever_its_date_and_size_say(
    program: Path, change: Callable[[Path], None]
) -> None:
    before, hashes = program.stat(), ahead(program)
    change(program)
    os.utime(program, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert program.stat().st_mtime_ns == before.st_mtime_ns
    assert hashes.of(program) == sha256(BAD)


def test_a_program_that_is_not_here_is_looked_for_again(program: Path) -> None:
    program.unlink()
    hashes = ahead(program)
    with pytest.raises(FileNotFoundError):
        hashes.of(program)
    program.write_bytes(GOOD)
    assert hashes.of(program) == sha256(GOOD)


@pytest.mark.usefixtures("long_ago")
def test_a_toolchain_refuses_a_program_that_changed_after_it_was_hashed_ahead(tmp_path: Path) -> None:
    tools = toolchain(tmp_path)
    path = tools.provide("hello").path
    tools.hash_ahead(["hello"]).join()
    path.write_bytes(b"planted")
    with pytest.raises(ToolHashMismatch, match="it was not executed"):
        tools.provide("hello")
