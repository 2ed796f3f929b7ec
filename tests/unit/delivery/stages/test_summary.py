"""The summary of a run."""

from __future__ import annotations

from pathlib import Path

from goldenpath.delivery import pipeline, stage_names
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.running import gate
from goldenpath.delivery.stages import summary
from goldenpath.shared.runner import Runner
from tests.unit.builders import report, secret, vulnerability
from tests.unit.run_builder import run


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


def test_the_stages_of_a_summary_are_those_of_the_pipeline() -> None:
    assert tuple(each.name for each in pipeline.STAGES) == stage_names.IN_ORDER
