from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
import yaml
from msgspec.structs import replace

from goldenpath.delivery.report import exception_entry
from goldenpath.delivery.rules import app, matrix
from tests.unit.builders import secret, vulnerability

if TYPE_CHECKING:
    from goldenpath.delivery.model.finding import Finding

TODAY = date(2026, 11, 28)
LONGEST = timedelta(days=90)


@pytest.mark.parametrize("finding", [vulnerability(), secret("config.py")], ids=["vulnerability", "secret"])
def test_it_is_an_exception_that_the_gate_takes(finding: Finding) -> None:
    entry = exception_entry.render(finding, TODAY, LONGEST)
    (exception,) = app.parse(f"version: 1\n{entry}", matrix.load()).exceptions
    assert exception.covers(finding)
    assert exception.expires == TODAY + timedelta(days=30)


def test_it_ends_no_later_than_the_platform_allows() -> None:
    assert "expires: 2026-12-05" in exception_entry.render(vulnerability(), TODAY, timedelta(days=7))


def test_what_a_stranger_wrote_stays_a_value() -> None:
    hostile = "x}\n  owner: me\n- gate: gitleaks\u202e"
    entry = exception_entry.render(replace(vulnerability(), id=hostile), TODAY, LONGEST)
    (exception,) = yaml.safe_load(entry)["exceptions"]
    assert (exception["id"], exception["owner"]) == (hostile, "YOUR TEAM")
    assert entry.isascii()
