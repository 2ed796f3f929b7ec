from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.model import evidence
from goldenpath.delivery.model.evidence import Evidence, Report
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.running import execution, gate
from goldenpath.delivery.stage import EVIDENCE_OUTPUT, Outcome, Run, Stage
from goldenpath.delivery.stages import build, sarif_upload, summary, trivy_gate
from goldenpath.shared import codec
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import BuildFailed, EvidenceMismatch, GateBlocked, StageOutOfOrder
from goldenpath.shared.runner import Runner
from tests import step_outputs
from tests.unit import run_builder
from tests.unit.builders import report, secret, vulnerability
from tests.unit.layout_builder import layout

A, B = "a" * 64, "b" * 64
RUNNER = Runner(in_actions=True)


def reports(**lines: object) -> str:
    return "\n".join(f"{label}: {json.dumps(json.dumps(files))}" for label, files in lines.items())


@pytest.mark.parametrize(
    ("raw", "parsed"),
    [
        ("", ()),
        ("\n  \n", ()),
        ("{}", (Report({}),)),
        (f'{{"trivy.json":"{A}"}}\n\n{{"a":"{B}"}}\n', (Report({"trivy.json": A}), Report({"a": B}))),
        (reports(build={"candidate.json": A}), (Report({"candidate.json": A}, "build"),)),
        (f'linux/arm/v7: "{{\\"candidate.json\\":\\"{A}\\"}}"', (Report({"candidate.json": A}, "linux/arm/v7"),)),
        ('build: ""', ()),
    ],
    ids=["nothing", "blank", "an empty one", "two lines", "a label", "a platform", "an output that was not set"],
)  # fmt: skip
def test_evidence_is_one_report_a_line(raw: str, parsed: tuple[Report, ...]) -> None:
    assert evidence.parse(raw) == parsed


@pytest.mark.parametrize(
    "raw",
    [
        "none", "[]", '"x"', "{", f'{{"a":"{A[:-1]}"}}', f'{{"a":"{A.upper()}"}}', '{"a":1}',
        f'{{"../candidate.json":"{A}"}}', f'{{"":"{A}"}}', f'{{".hidden":"{A}"}}', f'{{"a/b":"{A}"}}',
        f'build: {{"candidate.json":"{A}"}}', 'build: "none"', 'build: "build: \\"{}\\""', "[" * 50_000,
        " " * 70_000, "\n".join(f'{{"{number}":"{A}"}}' for number in range(257)),
    ],
)  # fmt: skip
def test_what_no_stage_puts_out_is_refused(raw: str) -> None:
    with pytest.raises(
        ValueError, match=r"not what a stage puts out|not the SHA-256 of a file|it is longer|it lists more"
    ):
        evidence.parse(raw)


def test_a_job_cannot_choose_its_label() -> None:
    """Its output is quoted, so a second line in it stays behind the label that the workflow wrote."""
    forged = json.dumps({"build.timing.json": A}) + "\n" + json.dumps({"trivy.verdict.json": B})
    parsed = evidence.parse(f"build: {json.dumps(forged)}")
    assert {each.label for each in parsed} == {"build"}
    with pytest.raises(EvidenceMismatch, match=r"reports trivy\.verdict\.json, which `build` does not write"):
        WorkFolder(Path("work")).believing(parsed)


def test_two_jobs_that_differ_about_one_file_are_refused() -> None:
    assert Evidence.of((Report({"a": A}), Report({"a": A}), Report({"b": B}))).digests == {"a": A, "b": B}
    with pytest.raises(EvidenceMismatch, match=r"Two jobs of this run report different bytes of candidate\.json"):
        Evidence.of((Report({"candidate.json": A}, "build"), Report({"candidate.json": B})))


def test_what_a_stage_puts_out_is_what_the_next_one_takes(tmp_path: Path) -> None:
    made = run_builder.run(tmp_path)
    gate.conclude(made, report(vulnerability()), category="trivy")
    left = made.work.left_by("trivy-gate")
    assert set(left.digests) == {"trivy.json", "trivy.sarif", "trivy.verdict.json"}
    assert "\n" not in left.line
    assert made.work.believing(evidence.parse(left.line)).read_verdict(Gate.TRIVY).gate is Gate.TRIVY


def believed(tmp_path: Path, *, without: str = "") -> Run:
    """Return a run in another job: the files of both gates are there, and their evidence."""
    made = run_builder.run(tmp_path, "prod", runner=RUNNER, github_token="t")
    gate.conclude(made, report(secret(), gate=Gate.GITLEAKS), category="gitleaks")
    gate.conclude(made, report(vulnerability()), category="trivy")
    lines = [made.work.left_by(each.stage).digests for each in Gate]
    given = tuple(Report({name: each for name, each in line.items() if name != without}) for line in lines)
    return replace(made, work=made.work.believing(given))


def test_a_file_that_somebody_replaced_is_named_with_both_digests(tmp_path: Path) -> None:
    made = believed(tmp_path)
    own = evidence.sha256(made.work.verdict(Gate.TRIVY).read_bytes())
    made.work.verdict(Gate.TRIVY).write_text("{}")
    with pytest.raises(EvidenceMismatch) as caught:
        made.work.read_verdict(Gate.TRIVY)
    error = caught.value
    assert error.what == "trivy.verdict.json is not the file that its job wrote"
    assert error.why == f"Its SHA-256 is {evidence.sha256(b'{}')}, and the job that wrote it reported {own}"
    assert error.fix.startswith('Choose "Re-run all jobs". If it happens again, look for another job of this run')


def test_a_file_that_nobody_reported_is_refused_and_one_that_is_gone_too(tmp_path: Path) -> None:
    made = believed(tmp_path, without="trivy.json")
    with pytest.raises(
        EvidenceMismatch, match=r"No job of this run reported trivy\.json\. The evidence lists only gitleaks"
    ):
        made.work.read_findings(Gate.TRIVY)
    made.work.sarif(Gate.TRIVY).unlink()
    with pytest.raises(EvidenceMismatch, match=r"trivy\.sarif is not here, and a job of this run handed it over"):
        made.work.read_sarif(Gate.TRIVY)
    with pytest.raises(StageOutOfOrder, match=r"candidate\.json is missing"):
        made.work.read_candidate()


@pytest.mark.parametrize("stage", [trivy_gate.STAGE, sarif_upload.STAGE, summary.STAGE], ids=lambda stage: stage.name)
def test_a_stage_of_a_workflow_run_reads_nothing_without_evidence(tmp_path: Path, stage: Stage) -> None:
    made = replace(believed(tmp_path), work=WorkFolder(tmp_path / "work"))
    made = execution.believing(made, stage)
    with pytest.raises(EvidenceMismatch, match="There is no evidence of the files in the work folder"):
        stage.run(made)


def test_a_terminal_believes_its_own_folder_unless_evidence_is_given(tmp_path: Path) -> None:
    made = run_builder.run(tmp_path)
    assert execution.believing(made, summary.STAGE).work.evidence is None
    given = replace(made, request=replace(made.request, evidence=(Report({"a": A}),)))
    assert execution.believing(given, summary.STAGE).work.evidence == Evidence({"a": A})
    in_a_run = replace(made, runner=RUNNER)
    assert execution.believing(in_a_run, build.STAGE).work.evidence is None
    assert execution.believing(in_a_run, summary.STAGE).work.evidence == Evidence()


@pytest.mark.parametrize("ends", ["well", "blocked", "failed"])
def test_a_stage_puts_out_its_evidence_however_it_ends(tmp_path: Path, ends: str) -> None:
    made = run_builder.run(
        tmp_path, "prod" if ends == "blocked" else "dev", runner=Runner(output_file=tmp_path / "output")
    )

    def failing(run: Run) -> Outcome:
        codec.write(run.work.candidate, {})
        raise BuildFailed("it broke", fix="mend it")

    act: Any = partial(gate.conclude, report=report(vulnerability()), category="c")
    stage = Stage("trivy-gate", "", (), gate.GATE_OUTPUTS, act, Gate.TRIVY, timed=True)
    if ends == "failed":
        stage = Stage("build", "", (), EVIDENCE_OUTPUT, failing, timed=True)
    try:
        execution.run_stage(stage, made, Progress())
    except (GateBlocked, BuildFailed):
        assert ends != "well"
    written = step_outputs.read(tmp_path / "output")
    files = {"build": {"candidate.json", "build.timing.json"}}.get(
        stage.name, {"trivy.json", "trivy.sarif", "trivy.verdict.json", "trivy-gate.timing.json"}
    )
    (parsed,) = evidence.parse(written["evidence"])
    assert set(parsed.digests) == files


def test_a_timing_that_names_another_stage_is_not_shown(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    work.timing("sbom").write_text('{"stage":"# released","end":"done","seconds":1,"sentence":"@team"}')
    work.timing("build").write_text("{")
    assert work.read_timings().stages == ()


def test_a_build_hands_over_its_whole_candidate_and_a_join_only_what_it_adds(tmp_path: Path) -> None:
    made = run_builder.run(tmp_path)
    image = layout(made.work.layout)
    assert list(build.handover(made)) == [made.work.layout, made.work.candidate]
    joined = run_builder.run(tmp_path, candidates=tmp_path / "platforms")
    assert list(build.handover(joined)) == [
        made.work.layout / "oci-layout", made.work.layout / "index.json", image.blob(image.root().digest),
        made.work.candidate,
    ]  # fmt: skip
