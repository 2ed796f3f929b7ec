"""What is kept of scans: only at a terminal, only what nobody changed, and not more than there is room for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from goldenpath.delivery.scanners import result_cache
from goldenpath.delivery.scanners.result_cache import NOTHING_KEPT, KeptResults
from goldenpath.shared import digest_prefix
from tests.unit.program_double import program

FACTS = {"seen": "all"}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeptResults:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("GOLDENPATH_CACHE", str(tmp_path / "cache"))
    return result_cache.here()


def keep(kept: KeptResults, *words: str, content: bytes = b"documents") -> Path:
    with kept.result(*words) as result:
        assert result is not None
        (result.folder / "by-trivy").mkdir()
        (result.folder / "by-trivy" / "db").write_bytes(content)
        result.keep(FACTS, {"sbom": content})
        return result.folder


def facts(kept: KeptResults, *words: str) -> dict[str, str] | None:
    with kept.result(*words) as result:
        return result.facts if result else None


def test_a_result_is_found_again_by_everything_that_it_depends_on(kept: KeptResults) -> None:
    folder = keep(kept, "syft", "1.0", "sha256:a")
    assert facts(kept, "syft", "1.0", "sha256:a") == FACTS
    assert facts(kept, "syft", "1.1", "sha256:a") == {}
    assert facts(kept, "syft", "1.0sha256:a") == {}
    assert folder.stat().st_mode & 0o777 == 0o700


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a file": lambda folder: (folder / "sbom").write_bytes(b"others"),
    "a file in a folder": lambda folder: (folder / "by-trivy/db").write_bytes(b"others"),
    "a file is gone": lambda folder: (folder / "by-trivy/db").unlink(),
    "a file more": lambda folder: (folder / "more").touch(),
    "the record": lambda folder: _replace(folder / "record.json", b"all", b"one"),
    "the record's end": lambda folder: (folder / "record.json").write_bytes(b"{}"),
    "a file and the record": lambda folder: [
        each.write_bytes(b"") for each in (folder / "sbom", folder / "record.json")
    ],
}


def _replace(path: Path, old: bytes, new: bytes) -> None:
    path.write_bytes(path.read_bytes().replace(old, new))


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_result_is_as_if_nothing_had_been_kept(kept: KeptResults, name: str) -> None:
    DAMAGE[name](keep(kept, "x"))
    with kept.result("x") as result:
        assert result is not None
        assert result.facts == {}
        assert [each.name for each in result.folder.iterdir()] == [".lock"]


def test_what_was_written_and_not_kept_is_not_found(kept: KeptResults) -> None:
    keep(kept, "x")
    with kept.result("x") as result:
        assert result is not None
        (result.folder / "by-trivy" / "db").write_bytes(b"half of it")
    assert facts(kept, "x") == {}


def test_nobody_waits_for_a_result_that_another_process_uses(kept: KeptResults) -> None:
    with kept.result("x") as one, kept.result("x") as two, kept.result("y") as other:
        assert (one is None, two is None, other is None) == (False, True, False)


def test_a_workflow_run_neither_keeps_nor_reads(kept: KeptResults, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(kept, "x")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert result_cache.here() is NOTHING_KEPT
    assert facts(result_cache.here(), "x") is None


def test_a_program_whose_bytes_are_not_known_keeps_nothing(kept: KeptResults) -> None:
    assert kept.folder
    assert result_cache.of(program("trivy")) is NOTHING_KEPT


def test_a_folder_that_others_can_write_to_is_not_believed(kept: KeptResults) -> None:
    folder = keep(kept, "x")
    folder.chmod(0o777)
    assert facts(kept, "x") is None
    assert kept.folder
    kept.folder.chmod(0o777)
    assert result_cache.here() is NOTHING_KEPT


def test_what_was_not_used_for_the_longest_time_is_removed(kept: KeptResults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_cache, "REMOVED_EVERY", 0)
    for age, name in enumerate(("new", "older", "oldest")):
        os.utime(keep(kept, name), (1000 - age, 1000 - age))
    assert facts(kept, "oldest") == FACTS  # used again
    monkeypatch.setattr(result_cache, "LARGEST", 2_000)
    with kept.result("older") as in_use:
        keep(kept, "newest", content=b"x" * 600)
        assert in_use is not None
        assert in_use.folder.exists()
    keep(kept, "more", content=b"")
    assert {name: bool(facts(kept, name)) for name in ("more", "newest", "older", "oldest", "new")} == {
        "more": True, "newest": True, "older": True, "oldest": False, "new": False,
    }  # fmt: skip


@pytest.mark.parametrize(("seconds", "is_there"), [(0, True), (3590, True), (3610, False), (-3600, False)])
def test_results_are_removed_once_an_hour(
    kept: KeptResults, monkeypatch: pytest.MonkeyPatch, seconds: int, *, is_there: bool
) -> None:
    """A time of the last removal that is still to come does not hold the next one up."""
    old = keep(kept, "old")
    os.utime(old, (1000, 1000))
    last = (old.parent / ".pruned").stat().st_mtime
    monkeypatch.setattr(time, "time", lambda: last + seconds)
    monkeypatch.setattr(result_cache, "LARGEST", 1)
    keep(kept, "new")
    assert old.exists() is is_there


def test_a_full_disk_keeps_nothing(kept: KeptResults, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, kept.result("x") as result:
        assert result is not None
        patched.setattr(digest_prefix, "seal", full)
        result.keep(FACTS, {"sbom": b"x"})
    assert facts(kept, "x") == {}
