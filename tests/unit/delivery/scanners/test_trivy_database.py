"""trivy's database: the first mirror that answers, the cache while it is due, and an error when there is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.model.finding import Database
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.scanners import image_inspection, trivy_database
from goldenpath.delivery.scanners.trivy_scanner import TrivyScanner
from goldenpath.shared import process
from goldenpath.shared.errors import ScannerFailed, ToolFailed, ToolTimeout
from tests.unit.program_double import ProgramDouble, ended, program

if TYPE_CHECKING:
    from goldenpath.shared.process import Completed

MIRRORS = ("one.example/trivy-db:2", "two.example/trivy-db:2")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
REFUSED = ToolFailed("trivy ended with exit status 1", why="no such host", fix="f")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trivy_database, "FIRST_PAUSE", 0.0)


def put(cache: Path, *, made: datetime, due: datetime, source: str = "") -> None:
    (cache / "db").mkdir(parents=True, exist_ok=True)
    (cache / "db" / "trivy.db").write_bytes(b"a database")
    metadata = {"Version": 2, "UpdatedAt": made.isoformat(), "NextUpdate": due.isoformat()}
    (cache / "db" / "metadata.json").write_text(json.dumps(metadata))
    if source:
        (cache / trivy_database.SOURCE_FILE).write_text(source)


def downloaded(cache: Path, made: datetime) -> Callable[..., Completed]:
    def download(*_: str) -> Completed:
        put(cache, made=made, due=made + timedelta(days=1))
        return ended()

    return download


def provide(cache: Path, answers: list[object], monkeypatch: pytest.MonkeyPatch) -> tuple[Database, list[str]]:
    double = ProgramDouble(answers)  # type: ignore[arg-type]
    monkeypatch.setattr(process, "run", double)
    found = trivy_database.provide(program("trivy"), cache, MIRRORS, lambda _: None)
    asked = [word.partition("=")[2] for call in double.calls for word in call if word.startswith("--db-repository")]
    return found, asked


def test_a_database_that_is_not_due_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = datetime.now(UTC) - timedelta(hours=5)
    put(tmp_path, made=made, due=datetime.now(UTC) + timedelta(hours=1), source=MIRRORS[0])
    assert provide(tmp_path, [], monkeypatch) == (Database(made, MIRRORS[0]), [])


def test_the_next_mirror_is_asked_when_one_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, asked = provide(tmp_path, [REFUSED, downloaded(tmp_path, NOW)], monkeypatch)
    assert (found, asked) == (Database(NOW, MIRRORS[1]), list(MIRRORS))


def test_all_are_asked_again_before_it_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = ToolTimeout("trivy did not end within 180 seconds and was stopped", fix="f")
    found, asked = provide(tmp_path, [REFUSED, slow, downloaded(tmp_path, NOW)], monkeypatch)
    assert (found.source, asked) == (MIRRORS[0], [*MIRRORS, MIRRORS[0]])


def test_the_old_one_is_used_where_no_mirror_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, made=NOW - timedelta(days=9), due=NOW - timedelta(days=8))
    found, asked = provide(tmp_path, [REFUSED] * 6, monkeypatch)
    assert (found, len(asked)) == (Database(NOW - timedelta(days=9)), 6)


def test_no_database_at_all_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScannerFailed) as caught:
        provide(tmp_path, [REFUSED] * 6, monkeypatch)
    assert caught.value.why == "Its database could not be fetched: no such host"


def test_a_download_that_leaves_nothing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScannerFailed) as caught:
        provide(tmp_path, [ended()], monkeypatch)
    assert caught.value.why == "Its database was fetched, but cannot be read"


@pytest.mark.parametrize("content", [b"", b"{}", b'{"UpdatedAt": 3, "NextUpdate": 4}', b"\xff", b"[" * 5000])
def test_a_cache_that_cannot_be_read_is_no_database(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, made=NOW, due=NOW)
    (tmp_path / "db" / "metadata.json").write_bytes(content)
    assert trivy_database.read(tmp_path) is None


def test_metadata_without_a_database_is_none(tmp_path: Path) -> None:
    put(tmp_path, made=NOW, due=NOW)
    (tmp_path / "db" / "trivy.db").unlink()
    assert trivy_database.read(tmp_path) is None


@pytest.mark.parametrize(
    ("made", "due", "expected"),
    [
        (NOW - timedelta(hours=5), NOW + timedelta(hours=1), False),
        (NOW - timedelta(hours=5), NOW, True),
        (NOW - timedelta(hours=37), datetime(2999, 1, 1, tzinfo=UTC), True),
        (datetime(9999, 12, 31, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), True),
    ],
)
def test_a_database_is_due_whatever_far_day_it_names(made: datetime, due: datetime, *, expected: bool) -> None:
    assert trivy_database.is_due(Database(made), due, NOW) is expected


def test_a_promise_of_years_is_set_aside_for_the_download_and_put_back_when_nobody_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = NOW - timedelta(hours=40)
    put(tmp_path, made=made, due=datetime(2999, 1, 1, tzinfo=UTC))
    seen = []

    def refuse(*_: str) -> Completed:
        seen.append((tmp_path / "db" / "metadata.json").exists())
        raise REFUSED

    found, _ = provide(tmp_path, [refuse] * 6, monkeypatch)
    assert (found, set(seen)) == (Database(made), {False})
    assert [path.name for path in sorted((tmp_path / "db").iterdir())] == ["metadata.json", "trivy.db"]


def test_a_database_is_known_by_its_hash(tmp_path: Path) -> None:
    put(tmp_path, made=NOW, due=NOW)
    found = trivy_database.identified(tmp_path, Database(NOW))
    assert found.sha256 == hashlib.sha256(b"a database").hexdigest()
    with pytest.raises(ScannerFailed):
        trivy_database.identified(tmp_path / "nowhere", Database(NOW))


def test_what_is_not_searched_in_an_image_is_said() -> None:
    environment = matrix.load().environment("prod")
    scanner = TrivyScanner(program("trivy"), Path("cache"), secrets=True)
    (note,) = image_inspection.not_searched(scanner, environment, [])
    assert note.startswith("in the image, no secrets are looked for in node_modules, usr/share")
    (note,) = image_inspection.not_searched(scanner, replace(environment, image_secrets=False), [])
    assert note == "the image was not searched for secrets: the platform's rules do not ask for it"


def test_the_java_database_is_another_file_from_other_mirrors_and_is_kept_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, made=NOW, due=NOW)

    def download(*_: str) -> Completed:
        (tmp_path / "db").rename(tmp_path / "java-db")
        (tmp_path / "java-db" / "trivy.db").rename(tmp_path / "java-db" / "trivy-java.db")
        return ended()

    double, said = ProgramDouble([REFUSED, download]), list[str]()
    monkeypatch.setattr(process, "run", double)
    found = trivy_database.provide(program("trivy"), tmp_path, MIRRORS, said.append, trivy_database.JAVA)
    assert found == Database(NOW, MIRRORS[1])
    assert said == [f"fetching trivy's Java database from {each}" for each in MIRRORS]
    assert [call[2:4] for call in double.calls] == [
        ("--download-java-db-only", f"--java-db-repository={each}") for each in MIRRORS
    ]
    far = datetime(2999, 1, 1, tzinfo=UTC)
    due = [trivy_database.is_due(found, far, NOW + timedelta(days=days), trivy_database.JAVA) for days in (3, 4)]
    assert due == [False, True]


def test_no_java_database_at_all_is_an_error_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "run", ProgramDouble([REFUSED] * 6))
    with pytest.raises(ScannerFailed) as caught:
        trivy_database.provide(program("trivy"), tmp_path, MIRRORS, lambda _: None, trivy_database.JAVA)
    assert caught.value.why == "Its Java database could not be fetched: no such host"
