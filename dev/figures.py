"""Print figures of the code, as a table: `python dev/figures.py [--at COMMIT ...] [PATH ...]`, or `make figures`.

A column for every commit and every folder that is named; without one, for this checkout.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from dev.code_figures import tree  # noqa: E402
from dev.prose import rules  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def main(argv: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, help="folders with a copy of this project [default: this one]")
    parser.add_argument("--at", action="append", default=[], metavar="COMMIT", help="a commit; can be repeated")
    options = parser.parse_args(argv)
    words = rules.load()
    columns = {commit: at_commit(commit, words) for commit in options.at}
    columns |= {"now" if path == ROOT else path.name: tree.figures(path, words) for path in options.paths or [ROOT]}
    print(table(columns))
    return 0


def at_commit(commit: str, words: rules.Words) -> dict[str, str]:
    """Return the figures of `commit` of this repository. Raises `CalledProcessError` when git does not know it."""
    command = ("git", "-C", str(ROOT), "archive", "--format=tar", f"{commit}^{{commit}}")
    archive = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
        return tree.figures(Path(folder), words)


def table(columns: Mapping[str, Mapping[str, str]]) -> str:
    """Return a Markdown table with a row for every figure that a column has, in the order of the last one."""
    rows = list(dict.fromkeys(name for figures in reversed(list(columns.values())) for name in figures))
    head = f"| figure | {' | '.join(columns)} |\n| --- |{' ---: |' * len(columns)}"
    lines = [f"| {name} | {' | '.join(figures.get(name, '') for figures in columns.values())} |" for name in rows]
    return "\n".join([head, *lines])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
