"""Counts of findings for the charts of the delivery report: by severity, by age, by the part of the image."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.delivery.model.finding import Severity
from goldenpath.delivery.report.report_data import FindingStanding, ImagePart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from goldenpath.delivery.report.report_data import FindingRow

# Percent: so that the smallest bar can be seen.
_LEAST_BAR = 0.5
# The days below which a finding belongs to a row, and the row's name.
_AGES = ((7, "under 7 days"), (30, "7 to 29 days"), (90, "30 to 89 days"), (365, "90 to 364 days"))
_OLDEST, _UNDATED = "a year or more", "no date"


class Count(Struct, frozen=True):
    """A row of a chart: `total` findings, of which `to_fix` must be fixed; the bars are in percent of the longest."""

    name: str
    total: int
    to_fix: int
    bar: float
    fix_bar: float


def by_severity(rows: Iterable[FindingRow]) -> tuple[Count, ...]:
    """Return a count of each severity, the most severe first."""
    return _counted(rows, [severity.value for severity in Severity], lambda row: row.severity)


def by_age(rows: Sequence[FindingRow], today: date | None) -> tuple[Count, ...]:
    """Return how many findings became known how many days before `today`.

    Nothing where no finding has a date, or the day is unknown.
    """
    if today is None or not any(row.published for row in rows):
        return ()
    in_image = [row for row in rows if row.source]
    return _counted(in_image, [*(name for _, name in _AGES), _OLDEST, _UNDATED], lambda row: _age(row, today))


def by_source(rows: Iterable[FindingRow]) -> tuple[Count, ...]:
    """Return how many findings of the image are in each part of it; nothing where there are none."""
    in_image = [row for row in rows if row.source]
    return _counted(in_image, [source.value for source in ImagePart], lambda row: row.source) if in_image else ()


def bar(part: float, whole: float) -> float:
    """Return the length of a bar in percent."""
    return round(max(100 * part / whole, _LEAST_BAR), 2) if part and whole else 0


def _age(row: FindingRow, today: date) -> str:
    if not row.published:
        return _UNDATED
    days = (today - date.fromisoformat(row.published)).days
    return next((name for limit, name in _AGES if days < limit), _OLDEST)


def _counted(
    rows: Iterable[FindingRow], names: Iterable[str], name_of: Callable[[FindingRow], str]
) -> tuple[Count, ...]:
    counts = {name: [0, 0] for name in names}
    for row in rows:
        counts[name_of(row)][0] += 1
        counts[name_of(row)][1] += row.standing == FindingStanding.TO_FIX.value
    most = max(total for total, _ in counts.values())
    return tuple(
        Count(name, total, to_fix, bar(total, most), bar(to_fix, most)) for name, (total, to_fix) in counts.items()
    )
