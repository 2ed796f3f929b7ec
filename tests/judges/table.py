"""Tables in Markdown: rows of cells under the names of their columns, each with the heading that it stands under."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EXPECTED = "→ "


@dataclass(frozen=True)
class Row:
    """One row: what it gives, what it expects (the columns whose name begins with an arrow), and where it stands."""

    heading: str
    line: int
    given: dict[str, str]
    expected: dict[str, str]

    def __str__(self) -> str:
        return f"{self.line}: {', '.join(filter(None, self.given.values()))}"


def rows(path: Path) -> Iterator[Row]:
    """Return every row of every table in the file at `path`."""
    heading, columns = "", list[str]()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#"):
            heading = line.strip("# ")
        if not line.startswith("|"):
            columns = []
        elif not columns:
            columns = _cells(line)
        elif set(line) - set("|- :"):
            cells = dict(zip(columns, _cells(line), strict=True))
            given = {name: cell for name, cell in cells.items() if not name.startswith(EXPECTED)}
            expected = {name.removeprefix(EXPECTED): cell for name, cell in cells.items() if name not in given}
            yield Row(heading, number, given, expected)


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
