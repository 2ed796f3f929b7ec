"""What one delivery costs, held to a table: programs, requests, readings of the candidate, bytes. Never seconds."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.command import ROOT, Command

from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.work_folder import WorkFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from goldenpath.local.aws.data_plane import Call
    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

TABLE = ROOT / "tests" / "data" / "delivery_counts.md"
RUNS = ("first", "again")
LAYER = 8 << 20
# Where the table is renewed, an upper limit is set by so much over what was measured.
ROOM = 1.15


@dataclass(frozen=True)
class Row:
    """One line of the table: what is counted, how much it is in each run, and why."""

    name: str
    counts: tuple[int, ...]
    why: str
    is_limit: bool = False

    @classmethod
    def read(cls, line: str) -> Row:
        """Return the row in a line of Markdown."""
        name, *cells, why = (cell.strip() for cell in line.strip("|\n ").split("|"))
        counts = tuple(int(cell.removeprefix("≤").strip()) for cell in cells)
        return cls(name, counts, why, any("≤" in cell for cell in cells))

    def __str__(self) -> str:
        """Return it as a line of Markdown."""
        sign = "≤ " if self.is_limit else ""
        return f"| {self.name} | {' | '.join(f'{sign}{count}' for count in self.counts)} | {self.why} |"

    def renewed(self, measured: tuple[int, ...]) -> Row:
        """Return it with what was `measured`; a limit that holds stays."""
        if not self.differs(measured):
            return self
        counts = tuple(round(count * ROOM) for count in measured) if self.is_limit else measured
        return Row(self.name, counts, self.why, self.is_limit)

    def differs(self, measured: tuple[int, ...]) -> bool:
        """Tell whether what was `measured` is not what the row says."""
        if self.is_limit:
            return any(one > most for one, most in zip(measured, self.counts, strict=True))
        return measured != self.counts


def rows(text: str) -> tuple[Row, ...]:
    """Return the rows of the table in `text`."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return tuple(map(Row.read, lines[2:]))


def renewed(table: tuple[Row, ...], measured: Mapping[str, tuple[int, ...]]) -> tuple[Row, ...]:
    """Return the `table` with all that was `measured`: what no row is about gets one, and what is gone goes."""
    known = {row.name: row for row in table}
    return tuple(
        known.get(name, Row(name, (-1,) * len(counts), "?")).renewed(counts) for name, counts in measured.items()
    )


def differences(table: tuple[Row, ...], new: tuple[Row, ...]) -> list[str]:
    """Return the lines that are in one of both only."""
    before, after = ([str(row) for row in each] for each in (table, new))
    gone = [f"- {line}" for line in before if line not in after]
    return gone + [f"+ {line}" for line in after if line not in before]


@pytest.fixture
def deliver(
    variables: Mapping[str, str], emulator: Local, calls: list[Call], tmp_path: Path
) -> Callable[[], dict[str, int]]:
    """Deliver one and the same app in a process of its own, and return what it cost."""
    layer = os.urandom(LAYER)  # no compression makes it smaller, and no earlier delivery has seen it
    app = apps.make(tmp_path / "app", **{"rootfs/app.bin": layer})
    repository = f"counted/{app.name}-{tmp_path.name[-6:]}".lower().replace("_", "-")
    emulator.create_repository(repository)
    counting = (sys.executable, "-I", str(ROOT / "tests" / "tools" / "counting.py"))

    def run() -> dict[str, int]:
        calls.clear()
        file, work = tmp_path / "counts.json", WorkFolder(tmp_path / "work")
        words = ("--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}")
        command = Command({**variables, "COUNTS": str(file)}, counting)
        command.run("deliver", *words, f"--work-dir={work.path}").ok()
        return counted(json.loads(file.read_bytes()), work, calls)

    return run


def counted(told: Mapping[str, int], work: WorkFolder, calls: list[Call]) -> dict[str, int]:
    """Return what `counting` told, with the files of the candidate named by what they are, and what came to ECR."""
    layout = Layout(work.layout)
    (image,) = layout.images()
    names = {layout.root().digest.hex: "manifest", image.manifest.config.digest.hex: "configuration"}
    names |= {each.digest.hex: "layer" for each in image.manifest.layers}
    found: Counter[str] = Counter()
    for name, count in told.items():
        kind, _, what = name.partition(" ")
        if kind == "opened":
            found[f"times that we open the candidate's {names[what]}"] += count
        elif kind == "process":
            found[f"processes of {what}"] += count
        elif kind == "AWS":
            found[f"requests {what}"] += count
        else:
            found[f"MB {what}"] = round(count / 1e6)
    for call in calls:
        found[f"requests to the registry, {call.method} {call.kind}"] += 1
    return dict(sorted(found.items()))


def test_a_delivery_costs_what_the_table_says(deliver: Callable[[], dict[str, int]]) -> None:
    runs = [deliver() for _ in RUNS]
    names = dict.fromkeys(name for run in runs for name in run)
    measured = {name: tuple(run.get(name, 0) for run in runs) for name in sorted(names)}
    text = TABLE.read_text(encoding="utf-8")
    new = renewed(rows(text), measured)
    if os.environ.get("RENEW_COUNTS"):
        head = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("| ") or "---" in line)
        head = head.replace("| ---", "| count | first | again | why it is not less |\n| ---", 1)
        TABLE.write_text(head + "".join(f"{row}\n" for row in new), encoding="utf-8")
    differing = differences(rows(text), new)
    assert not differing, "\n".join((f"{TABLE.name} says (-), and it was (+):", *differing))
    assert [row.name for row in new if row.why == "?"] == []


MEASURED = {"processes of git": (3, 2), "MB read": (90, 20)}
KNOWN = (Row("MB read", (100, 50), "the layer", is_limit=True), Row("processes of git", (3, 2), "each asks one thing"))


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"processes of git": (4, 2)}, "| processes of git | 4 | 2 | each asks one thing |"),
        ({"processes of git": (2, 2)}, "| processes of git | 2 | 2 | each asks one thing |"),
        ({"MB read": (101, 20)}, "| MB read | ≤ 116 | ≤ 23 | the layer |"),
        ({"processes of tar": (1, 0)}, "| processes of tar | 1 | 0 | ? |"),
    ],
)
def test_a_count_that_is_not_the_tables_is_told(changed: dict[str, tuple[int, ...]], line: str) -> None:
    assert renewed(KNOWN, dict(sorted(MEASURED.items()))) == KNOWN
    new = renewed(KNOWN, dict(sorted((MEASURED | changed).items())))
    assert new != KNOWN
    assert f"+ {line}" in differences(KNOWN, new)
    assert all(Row.read(str(row)) == row for row in new)
