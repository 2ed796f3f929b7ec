"""Write findings, lists and tables as Markdown in which nothing a stranger wrote is markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.report import finding_groups, finding_text
from goldenpath.shared.shown_text import as_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from goldenpath.delivery.model.finding import Finding

LISTED_AT_MOST = 100
_CELL = 300


def tables(title: str, findings: Iterable[Finding], listed: int = LISTED_AT_MOST) -> Iterator[str]:
    """Yield a section with a table for the findings of each base image, and for those of the app itself.

    A row is a change that fixes some of them; at most so many are `listed`.
    """
    for base, group in finding_text.by_base(findings).items():
        heading = f"{title} from the base image {cell(base)}" if base else title
        changes = finding_groups.grouped(group)
        rows = table(finding_text.COLUMNS, [change.row() for change in changes[:listed]])
        left = sum(len(change.findings) for change in changes[listed:])
        more = f"\n\nand {left} more, all in the reports of this run" if left > 0 else ""
        yield f"\n### {heading}\n\n{rows}{more}"


def bullets(title: str, lines: Sequence[str], listed: int = LISTED_AT_MOST) -> str:
    """Return a section with the `lines` as a list; empty where there are none."""
    if not lines:
        return ""
    shown = [f"- {cell(line)}" for line in lines[:listed]]
    more = [f"- and {len(lines) - listed} more, all in the verdicts of this run"] if len(lines) > listed else []
    return f"\n### {title}\n\n" + "\n".join((*shown, *more))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with the columns of `head`."""
    lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(map(cell, row)) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def cell(text: str) -> str:
    """Return `text` for a cell or a line; a very long one is cut."""
    return as_markdown(text if len(text) <= _CELL else text[: _CELL - 1] + "…")
