from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldenpath.errors import DiskTrouble, GateBlocked
from goldenpath.model.finding import Finding, Gate, Severity
from goldenpath.model.verdict import Result
from goldenpath.stages import gate
from goldenpath.stages.base import Outcome
from tests.unit.builders import report, secret, vulnerability
from tests.unit.run_builder import run


def conclude(folder: Path, environment: str, *findings: Finding, of: Gate = Gate.TRIVY) -> Outcome:
    return gate.conclude(run(folder, environment), report(*findings, gate=of), category="c")


def test_a_blocking_gate_names_what_blocks_and_how_to_mend_it(tmp_path: Path) -> None:
    outcome = conclude(tmp_path, "prod", vulnerability(), vulnerability(Severity.LOW))
    assert isinstance(outcome.stop, GateBlocked)
    assert str(outcome.stop) == (
        "trivy blocks the release to prod: 1 of its findings decide. "
        "CRITICAL CVE-2020-14343 in usr/lib/python3/site-packages/PyYAML.dist-info/METADATA. "
        "Update PyYAML from 5.3 to 5.4. mend each of them as it says, then push again; nothing was released."
    )


def test_a_secret_is_named_with_file_line_and_commit_and_never_shown(tmp_path: Path) -> None:
    outcome = conclude(tmp_path, "prod", secret(), of=Gate.GITLEAKS)
    assert outcome.warnings == (
        "CRITICAL github-pat in config.py:3 (commit a1b2c3d4e5f6). "
        "Revoke this secret first, then take it out of the repository.",
    )


def test_an_advisory_gate_warns_and_does_not_stop(tmp_path: Path) -> None:
    outcome = conclude(tmp_path, "dev", vulnerability())
    assert outcome.stop is None
    assert len(outcome.warnings) == 1
    assert outcome.outputs == {
        "verdict": "advise", "findings": "1", "deciding": "1", "would_block_in": "test,staging,prod",
    }  # fmt: skip


def test_what_does_not_decide_is_counted_and_not_warned_of(tmp_path: Path) -> None:
    outcome = conclude(tmp_path, "prod", vulnerability(Severity.MEDIUM))
    assert (outcome.stop, outcome.warnings) == (None, ())
    assert outcome.outputs == {"verdict": "pass", "findings": "1", "deciding": "0", "would_block_in": ""}


def test_of_many_findings_five_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    outcome = conclude(tmp_path, "prod", *(vulnerability(identity=f"CVE-{number}") for number in range(7)))
    assert outcome.stop is not None
    assert [f"CVE-{number} " in outcome.stop.why for number in range(7)] == [True] * 5 + [False] * 2
    assert outcome.stop.why.endswith("; and 2 more")
    assert len(outcome.warnings) == 7


def test_findings_sarif_and_verdict_say_the_same(tmp_path: Path) -> None:
    conclude(tmp_path, "prod", vulnerability())
    work = run(tmp_path).work
    assert work.read_findings(Gate.TRIVY) == report(vulnerability())
    assert work.read_verdict(Gate.TRIVY).result is Result.BLOCK
    assert len(json.loads(work.sarif(Gate.TRIVY).read_bytes())["runs"][0]["results"]) == 1


def test_a_disk_that_fails_on_the_way_leaves_no_verdict(tmp_path: Path) -> None:
    """The verdict comes last: without it nothing is released."""
    work = run(tmp_path).work
    work.sarif(Gate.TRIVY).mkdir(parents=True)
    with pytest.raises(DiskTrouble):
        conclude(tmp_path, "dev")
    assert not work.verdict(Gate.TRIVY).exists()


def test_what_an_earlier_run_left_is_forgotten(tmp_path: Path) -> None:
    conclude(tmp_path, "dev")
    gate.forget(run(tmp_path), Gate.TRIVY)
    assert list((tmp_path / "work").iterdir()) == []
