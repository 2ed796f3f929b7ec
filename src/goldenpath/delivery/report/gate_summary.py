"""The part of a gate in the job summary: the verdict, the findings to fix, exceptions and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from goldenpath.delivery.report.finding_text import by_base, sentence
from goldenpath.shared.runner import as_markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from goldenpath.delivery.model.finding import Finding
    from goldenpath.delivery.model.verdict import Verdict

LISTED_AT_MOST = 100
T = TypeVar("T")


def render(verdict: Verdict, deciding: Sequence[Finding], unfixed: Sequence[Finding] = ()) -> str:
    """Return the verdict and its findings as Markdown in which nothing a stranger wrote is markup.

    It lists the `deciding` findings, grouped by base image with those of the app last, and the `unfixed` ones, for
    which no fix exists and which do not count.
    """
    parts = [
        _counts(verdict),
        *_deciding(deciding),
        _listed("Reported only: no fix exists", unfixed, sentence),
        _listed("Exceptions", [exception.sentence for exception in verdict.exceptions]),
        _listed("Settled secrets", [secret.sentence for secret in verdict.settled]),
        _listed("Notes", [*_databases(verdict), *verdict.notes]),
    ]
    return "\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def _deciding(deciding: Sequence[Finding]) -> Iterator[str]:
    groups = by_base(deciding)
    for base, findings in groups.items():
        title = "Findings to fix in the app itself" if any(groups) else "Findings to fix"
        if base:
            count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
            fixed = sum(bool(finding.package and finding.package.fixed) for finding in findings)
            title = f"Findings to fix from the base image {as_markdown(base)}: {count}, {fixed} with a fix"
        yield _listed(title, findings, sentence)


def _counts(verdict: Verdict) -> str:
    head = " | ".join(severity.value.lower() for severity in verdict.counts)
    rule = " | ".join("---" for _ in verdict.counts)
    row = " | ".join(str(count) for count in verdict.counts.values())
    rows = (f"{head} | to fix | accepted", f"{rule} | --- | ---", f"{row} | {verdict.deciding} | {verdict.accepted}")
    return "\n" + "".join(f"| {cells} |\n" for cells in rows)


def _listed(title: str, items: Sequence[T], text: Callable[[T], str] = str) -> str:
    if not items:
        return ""
    lines = [f"- {as_markdown(text(item))}" for item in items[:LISTED_AT_MOST]]
    more = [f"- and {len(items) - LISTED_AT_MOST} more"] if len(items) > LISTED_AT_MOST else []
    return "\n".join([f"\n{title}:\n", *lines, *more])


def _databases(verdict: Verdict) -> Iterator[str]:
    for name, database in (("vulnerability", verdict.database), ("Java", verdict.java_database)):
        if database is not None:
            origin = f" from {database.source}" if database.source else ""
            age = "1 day" if database.age_days == 1 else f"{database.age_days} days"
            yield f"{name} database of {database.updated:%Y-%m-%d}, {age} old{origin}"
