"""The command `report`: the delivery report of a run, as one HTML file."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.report import html_report, run_facts
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import StageOutOfOrder

_WORK_DIR = click.option(
    "--work-dir", type=click.Path(path_type=Path), help="The work folder of a run. [default: the newest]"
)
_DOWNLOAD = "`gh run download RUN --pattern 'goldenpath-report-*'`"

_RELEASED = click.option(
    "--released",
    type=click.Path(path_type=Path),
    help="The work folder of `goldenpath rescan`, to show what is new, known and gone since that release.",
)


@click.group()
def report() -> None:
    """Build or open the report of a delivery: findings, layers, packages and times on one page."""


@report.command()
@_WORK_DIR
@click.option("--output", type=click.Path(path_type=Path), help="Where to write it. [default: in the work folder]")
@_RELEASED
def build(work_dir: Path | None, output: Path | None, released: Path | None) -> dict[str, str]:
    """Write the report of a run as one HTML file, which needs no network and nothing beside it."""
    path = _built(work_dir, output, released)
    Progress().line(f"✓ {path}")
    return {"path": str(path)}


@report.command("open")
@_WORK_DIR
@_RELEASED
def open_report(work_dir: Path | None, released: Path | None) -> dict[str, str]:
    """Build the report of a run and open it in the browser.

    The report of a workflow run is an artifact of it: `gh run download RUN --pattern 'goldenpath-report-*'`.
    """
    path = _built(work_dir, None, released)
    Progress().line(f"✓ {path}")
    webbrowser.open(path.as_uri())
    return {"path": str(path)}


def _built(named: Path | None, output: Path | None, released: Path | None) -> Path:
    work = run_facts.chosen(named)
    facts = run_facts.of_folder(work) if work else None
    if work is None or facts is None:
        raise StageOutOfOrder(
            f"There is no run to report on{f' in {work.path}' if work else ''}",
            why="A gate leaves its verdict in the work folder, and none is there",
            fix="Run `goldenpath deliver`, or name the folder with a run's files: --work-dir. "
            f"The report of a workflow run is an artifact: {_DOWNLOAD}",
        )
    path = (output or work.report).absolute()
    html_report.write(work, facts, path, WorkFolder(released) if released else None)
    return path
