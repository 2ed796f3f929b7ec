from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from goldenpath.delivery.model.finding import Finding, FindingOrigin
from goldenpath.delivery.report import finding_counts, report_data
from goldenpath.delivery.report.report_data import FindingRow, FindingStanding
from tests.unit.builders import secret, vulnerability

TODAY = date(2026, 11, 28)


def row(finding: Finding, standing: FindingStanding = FindingStanding.REPORTED) -> FindingRow:
    return report_data.finding_row(finding, standing)


def known_for(days: int) -> FindingRow:
    return row(replace(vulnerability(), published=TODAY - timedelta(days=days)))


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (-1, "under 7 days"), (0, "under 7 days"), (6, "under 7 days"), (7, "7 to 29 days"), (30, "30 to 89 days"),
        (90, "90 to 364 days"), (365, "a year or more"),
    ],
)  # fmt: skip
def test_an_age_is_counted_from_the_day_of_the_decision(days: int, name: str) -> None:
    assert [count.name for count in finding_counts.by_age([known_for(days)], TODAY) if count.total] == [name]


def test_findings_without_a_date_are_counted_beside_those_with_one_and_secrets_of_the_source_are_not() -> None:
    counts = finding_counts.by_age([known_for(3), row(vulnerability()), row(secret())], TODAY)
    assert {count.name: count.total for count in counts if count.total} == {"under 7 days": 1, "no date": 1}


def test_there_is_no_chart_of_ages_without_dates() -> None:
    assert finding_counts.by_age([row(vulnerability())], TODAY) == ()
    assert finding_counts.by_age([known_for(3)], None) == ()


def test_findings_are_counted_by_the_part_of_the_image_that_has_them() -> None:
    base, own = FindingOrigin(base="docker.io/library/python:3"), FindingOrigin(line=7, instruction="COPY")
    rows = [
        row(replace(vulnerability(), origin=base), FindingStanding.TO_FIX), row(replace(vulnerability(), origin=base)),
        row(replace(vulnerability(), origin=own)), row(vulnerability()), row(secret()),
    ]  # fmt: skip
    assert [(count.name, count.total, count.to_fix) for count in finding_counts.by_source(rows)] == [
        ("base image", 2, 1), ("own layers", 1, 0), ("not known", 1, 0),
    ]  # fmt: skip
    assert finding_counts.by_source([row(secret())]) == ()


def test_the_smallest_bar_can_be_seen_and_nothing_has_none() -> None:
    rows = [row(vulnerability(), FindingStanding.TO_FIX), *[row(vulnerability())] * 999]
    critical, *others = finding_counts.by_severity(rows)
    assert (critical.bar, critical.fix_bar) == (100, 0.5)
    assert {count.bar for count in others} == {0}
