"""How old a scanner's database may be."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from goldenpath.delivery.model.finding import Database
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.scanners import databases, trivy_database
from goldenpath.shared.errors import ScannerFailed

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trivy_database, "FIRST_PAUSE", 0.0)


#                 environment     days old   what comes of it
AGES = [
    ("prod", 3, ""),
    ("prod", 4, "error"),
    ("test", 4, "error"),
    ("dev", 7, ""),
    (
        "dev",
        8,
        "trivy's database is 8 days old, and 7 are allowed; in a blocking environment nothing would be released",
    ),
]


@pytest.mark.parametrize(("name", "days", "expected"), AGES)
def test_an_old_database_is_an_error_where_the_gate_blocks_and_a_note_elsewhere(
    name: str, days: int, expected: str
) -> None:
    environment = matrix.load().environment(name)
    database = Database(NOW - timedelta(days=days))
    if expected == "error":
        with pytest.raises(ScannerFailed, match=rf"^trivy's database is {days} days old, and 3 are allowed"):
            list(databases.require_fresh(database, environment, NOW))
    else:
        assert list(databases.require_fresh(database, environment, NOW)) == ([expected] if expected else [])


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_database_of_the_future_is_an_error_where_the_gate_blocks_and_a_note_elsewhere(name: str) -> None:
    environment, ahead = matrix.load().environment(name), Database(NOW + timedelta(minutes=61))
    assert list(databases.require_fresh(Database(NOW + timedelta(minutes=59)), environment, NOW)) == []
    told = r"^trivy's database says that it was made at 2026-11-21 13:01 UTC, which is in the future"
    if name == "prod":
        with pytest.raises(ScannerFailed, match=told):
            list(databases.require_fresh(ahead, environment, NOW))
    else:
        (note,) = databases.require_fresh(ahead, environment, NOW)
        assert re.match(told, note)
