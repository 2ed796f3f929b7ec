"""The rules of an environment with those of the app."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.model.finding import Finding, Gate, Severity
from goldenpath.delivery.rules import effective
from goldenpath.delivery.stages import gate
from goldenpath.shared.errors import GateBlocked, PolicyInvalid
from tests.unit.builders import report, vulnerability
from tests.unit.run_builder import run

if TYPE_CHECKING:
    from goldenpath.delivery.stage import Outcome


def conclude(folder: Path, environment: str, *findings: Finding, of: Gate = Gate.TRIVY) -> Outcome:
    return gate.conclude(run(folder, environment), report(*findings, gate=of), category="c")


def test_a_gate_that_the_app_tightens_blocks_in_dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "version: 1\ntighten: {dev: {trivy: {mode: blocking, severities: [MEDIUM]}}}\n"
    monkeypatch.setattr(effective, "app_file", lambda *_: text)
    outcome = conclude(tmp_path, "dev", vulnerability(Severity.MEDIUM))
    assert isinstance(outcome.stop, GateBlocked)
    assert outcome.sentence.startswith("trivy: BLOCK in dev (blocking)")


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_broken_file_of_the_app_is_an_error_everywhere_and_leaves_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    monkeypatch.setattr(effective, "app_file", lambda *_: "version: 1\nexceptions: all\n")
    with pytest.raises(PolicyInvalid):
        conclude(tmp_path, environment, vulnerability())
    assert not run(tmp_path).work.verdict(Gate.TRIVY).exists()
