# A test changes any field of a run.
# ruff: noqa: ANN401

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.model.finding import Gate, Severity
from goldenpath.delivery.model.timing import End
from goldenpath.delivery.model.verdict import Mode
from goldenpath.delivery.report import run_facts
from goldenpath.delivery.rules import effective
from goldenpath.delivery.running import execution, gate
from goldenpath.delivery.stage import Outcome, Stage
from goldenpath.delivery.stages import summary
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import BadInput, BuildFailed, GateBlocked
from goldenpath.shared.runner import Runner
from tests.unit.builders import report, secret, vulnerability
from tests.unit.run_builder import run


def test_every_stage_leaves_how_it_ended_and_a_second_try_takes_its_place(tmp_path: Path) -> None:
    made = run(tmp_path)

    def failing(_: Any) -> Outcome:
        raise BuildFailed("no Dockerfile", fix="write one")

    with pytest.raises(BuildFailed):
        execution.run_stage(Stage("build", "", (), {}, failing, timed=True), made, Progress())
    (timing,) = made.work.read_timings().stages
    assert (timing.stage, timing.end, timing.sentence, timing.fix) == (
        "build",
        End.FAILED,
        "no Dockerfile",
        "write one",
    )
    execution.run_stage(Stage("build", "", (), {}, lambda _: Outcome("built"), timed=True), made, Progress())
    execution.run_stage(
        Stage("sbom", "", (), {}, lambda _: Outcome("x", warnings=("y",)), timed=True), made, Progress()
    )
    assert [(each.stage, each.end) for each in made.work.read_timings().stages] == [
        ("build", End.DONE), ("sbom", End.WARNED),
    ]  # fmt: skip


def test_a_work_folder_that_is_refused_is_not_made_for_timings(tmp_path: Path) -> None:
    def refusing(_: Any) -> Outcome:
        raise BadInput("inside the build context", fix="choose another")

    made = run(tmp_path)
    with pytest.raises(BadInput):
        execution.run_stage(Stage("build", "", (), {}, refusing, timed=True), made, Progress())
    assert not made.work.path.exists()


def test_findings_are_annotated_where_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = run(tmp_path, runner=Runner(in_actions=True))
    for each in (report(secret("a,b.py"), gate=Gate.GITLEAKS), report(vulnerability())):
        stage = Stage(
            each.gate.stage, "", (), {}, partial(gate.conclude, report=each, category="c"), each.gate, timed=True
        )
        execution.run_stage(stage, made, Progress())
    commands = [line.split("::")[1] for line in capsys.readouterr().out.splitlines() if line.startswith("::")]
    assert commands == [
        "warning title=gitleaks-gate,file=a%2Cb.py,line=3", "warning title=trivy-gate,file=Dockerfile,line=1",
    ]  # fmt: skip


def test_what_decides_by_the_app_s_own_rules_is_told_and_annotated_without_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "version: 1\ntighten: {dev: {trivy: {mode: blocking, severities: [MEDIUM]}}}\n"
    made = run(tmp_path, runner=Runner(in_actions=True, summary_file=tmp_path / "summary"))
    found = report(vulnerability(Severity.MEDIUM), vulnerability(Severity.LOW))
    stage = Stage("trivy-gate", "", (), {}, partial(gate.conclude, report=found, category="c"), Gate.TRIVY, timed=True)
    with monkeypatch.context() as checked_out:
        checked_out.setattr(effective, "app_file", lambda *_: text)
        with pytest.raises(GateBlocked):
            execution.run_stage(stage, made, Progress())
    assert "file=Dockerfile,line=1::MEDIUM CVE-2020-14343" in capsys.readouterr().out
    facts = run_facts.gather(made.work, made.environment.name, made.event.commit)
    assert facts.deciding[Gate.TRIVY] == (vulnerability(Severity.MEDIUM),)
    summary.run(made)
    assert "### Findings to fix\n" in (tmp_path / "summary").read_text()


@pytest.mark.parametrize(
    ("environment", "exit_code", "mode", "told"),
    [("dev", True, Mode.BLOCKING, ""), ("dev", False, Mode.ADVISORY, ""), ("dev", None, Mode.ADVISORY, ""),
     ("prod", True, Mode.BLOCKING, ""), ("prod", None, Mode.BLOCKING, ""),
     ("prod", False, Mode.BLOCKING, "  warning: `trivy_exit_code: 0` changes nothing: the platform blocks in prod\n")],
)  # fmt: skip
def test_an_exit_code_can_only_tighten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], environment: str, exit_code: bool | None, mode: Mode, told: str
) -> None:
    made = run(tmp_path, environment, trivy_exit_code=exit_code, push_latest=False)
    after = execution.tightened(made.environment, made.request, Progress())
    assert (after.modes[Gate.TRIVY], capsys.readouterr().out) == (mode, told)
    assert after.modes[Gate.GITLEAKS] is made.environment.modes[Gate.GITLEAKS]
    assert not after.latest_allowed
