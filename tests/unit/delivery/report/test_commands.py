from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

from goldenpath import cli
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared import codec
from tests.unit.builders import report, vulnerability
from tests.unit.delivery.report.test_job_summary import verdict

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def left_by_a_run(folder: Path) -> WorkFolder:
    work = WorkFolder(folder)
    folder.mkdir(parents=True)
    codec.write(work.findings(Gate.TRIVY), report(vulnerability()))
    codec.write(work.verdict(Gate.TRIVY), verdict(Gate.TRIVY, Result.BLOCK))
    return work


def test_the_report_of_the_newest_run_is_written_beside_its_files(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    work = left_by_a_run(tmp_path / "goldenpath" / "app")
    assert cli.run(["report", "build"]) == 0
    assert capsys.readouterr().out == f"✓ {work.path}/report.html\n"
    assert "CVE-2020-14343" in (work.path / "report.html").read_text()


def test_it_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    work, wanted = left_by_a_run(tmp_path / "run"), tmp_path / "mine.html"
    assert cli.run(["report", "build", f"--work-dir={work.path}", f"--output={wanted}"]) == 0
    assert wanted.is_file()


def test_it_shows_the_difference_to_a_release_that_was_scanned_again(tmp_path: Path) -> None:
    work, released = left_by_a_run(tmp_path / "run"), left_by_a_run(tmp_path / "released")
    codec.write(released.findings(Gate.TRIVY), report(vulnerability(identity="CVE-2019-1")))
    assert cli.run(["report", "build", f"--work-dir={work.path}", f"--released={released.path}"]) == 0
    html = work.report.read_text()
    assert "0 known, 1 new, 1 gone since the release" in html
    assert "CVE-2019-1" in html


def test_a_report_says_that_the_difference_is_unknown(tmp_path: Path) -> None:
    work = left_by_a_run(tmp_path / "run")
    assert cli.run(["report", "build", f"--work-dir={work.path}"]) == 0
    assert "The difference to the last release is unknown" in work.report.read_text()


def test_open_shows_it_in_the_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", shown.append)
    work = left_by_a_run(tmp_path / "run")
    assert cli.run(["report", "open", f"--work-dir={work.path}"]) == 0
    assert shown == [f"file://{work.path}/report.html"]


def test_without_a_run_it_says_what_to_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.run(["report", "build", f"--work-dir={tmp_path}"]) == 6
    text = capsys.readouterr().out
    assert f"There is no run to report on in {tmp_path}" in text
    assert "gh run download RUN --pattern 'goldenpath-report-*'" in text.replace("\n", " ")
