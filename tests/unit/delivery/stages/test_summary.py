"""The summary of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import create_autospec

import jinja2

from goldenpath.delivery import pipeline, stage_names
from goldenpath.delivery.model.evidence import Evidence, Report
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.report import html_report
from goldenpath.delivery.running import gate
from goldenpath.delivery.stages import summary
from goldenpath.shared.runner import Runner
from tests.unit.builders import report, secret, vulnerability
from tests.unit.delivery.report.test_release_difference import compared_release
from tests.unit.run_builder import run

if TYPE_CHECKING:
    import pytest


def test_a_summary_is_made_of_what_is_there(tmp_path: Path) -> None:
    made = run(tmp_path, runner=Runner(in_actions=True, summary_file=tmp_path / "summary"))
    assert summary.run(made).outputs == {"ending": "failed"}
    gate.conclude(made, report(secret(), gate=Gate.GITLEAKS), category="gitleaks")
    gate.conclude(made, report(vulnerability()), category="trivy")
    assert summary.run(made).outputs == {"ending": "checked"}
    made.work.verdict(Gate.TRIVY).write_text("{")
    assert summary.run(made).outputs == {"ending": "failed"}
    pages = (tmp_path / "summary").read_text().split("## ❌")
    assert "github-pat" in pages[1]
    assert "github-pat" in pages[2]


def test_a_workflow_run_leaves_its_report(tmp_path: Path) -> None:
    made = run(tmp_path, runner=Runner(in_actions=True))
    gate.conclude(made, report(vulnerability()), category="trivy")
    assert summary.run(made).warnings == ()
    assert "failed; nothing was released" in made.work.report.read_text()


def test_summary_and_report_are_of_one_reading_of_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run(tmp_path, runner=Runner(in_actions=True))
    gate.conclude(made, report(vulnerability()), category="trivy")
    spy = create_autospec(WorkFolder.read_findings, side_effect=WorkFolder.read_findings)
    monkeypatch.setattr(WorkFolder, "read_findings", spy)
    summary.run(made)
    assert [call.args[1] for call in spy.call_args_list] == [Gate.TRIVY]
    assert "CVE-2020-14343" in made.work.report.read_text()


def test_a_comparison_with_the_last_release_is_in_the_log_the_summary_and_the_report(tmp_path: Path) -> None:
    lines: list[str] = []
    runner = Runner(in_actions=True, summary_file=tmp_path / "summary")
    made = run(tmp_path, "prod", runner=runner, say=lines.append)
    gate.conclude(made, report(vulnerability()), category="trivy")
    compared_release(made.work)
    summary.run(made)
    assert lines == ["0 known, 1 new, 0 gone since prod's last release (1.4.2, today)"]
    assert f"- {lines[0]}" in (tmp_path / "summary").read_text()
    assert lines[0].replace("'", "&#39;") in made.work.report.read_text()


def test_at_a_terminal_the_report_waits_for_somebody_to_ask_for_it(tmp_path: Path) -> None:
    made = run(tmp_path)
    gate.conclude(made, report(vulnerability()), category="trivy")
    summary.run(made)
    assert not made.work.report.exists()


def test_a_report_that_cannot_be_built_is_a_warning_and_leaves_no_older_one(tmp_path: Path) -> None:
    made = run(tmp_path, runner=Runner(in_actions=True))
    evidence = Evidence.of([Report({"sbom.spdx.json": "0" * 64})])
    made = replace(made, work=replace(made.work, evidence=evidence))
    made.work.path.mkdir(parents=True)
    made.work.report.write_text("of an earlier run")
    (warning,) = summary.run(made).warnings
    assert warning.startswith(
        "The delivery report could not be built, which changes nothing else. sbom.spdx.json is not"
    )
    assert not made.work.report.exists()


def test_a_fault_of_the_template_changes_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise jinja2.UndefinedError("'no_such_name' is undefined")

    monkeypatch.setattr(html_report, "write", broken)
    made = run(tmp_path, runner=Runner(in_actions=True))
    done = summary.run(made)
    assert done.outputs == {"ending": "failed"}
    assert done.warnings[0].endswith("changes nothing else. 'no_such_name' is undefined")


def test_the_stages_of_a_summary_are_those_of_the_pipeline() -> None:
    assert tuple(each.name for each in pipeline.STAGES) == stage_names.IN_ORDER
