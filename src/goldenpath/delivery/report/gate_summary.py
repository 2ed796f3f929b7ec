"""The part of a gate in the job summary: the verdict, the findings to fix, exceptions and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.report.markdown import bullets, table, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.delivery.model.finding import Finding
    from goldenpath.delivery.model.verdict import Verdict


def render(verdict: Verdict, deciding: Sequence[Finding], unfixed: Sequence[Finding] = ()) -> str:
    """Return the verdict and its findings as Markdown in which nothing a stranger wrote is markup.

    It lists the `deciding` findings, grouped by base image with those of the app last, and the `unfixed` ones, for
    which no fix exists and which do not count.
    """
    counts = {severity.value.lower(): count for severity, count in verdict.counts.items()}
    row = {**counts, "to fix": verdict.deciding, "accepted": verdict.accepted}
    parts = [
        f"\n{table(tuple(row), [tuple(map(str, row.values()))])}",
        *tables("Findings to fix", deciding),
        *tables("Reported only: no fix exists", unfixed),
        bullets("Exceptions", [exception.sentence for exception in verdict.exceptions]),
        bullets("Settled secrets", [secret.sentence for secret in verdict.settled]),
        bullets("Notes", [*_databases(verdict), *verdict.notes]),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _databases(verdict: Verdict) -> Iterator[str]:
    for name, database in (("vulnerability", verdict.database), ("Java", verdict.java_database)):
        if database is not None:
            origin = f" from {database.source}" if database.source else ""
            age = "1 day" if database.age_days == 1 else f"{database.age_days} days"
            yield f"{name} database of {database.updated:%Y-%m-%d}, {age} old{origin}"
