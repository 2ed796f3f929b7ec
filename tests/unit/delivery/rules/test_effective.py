"""The rules in force are resolved once for a run, and again only for another question."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from goldenpath.delivery.model.event import TERMINAL, Event
from goldenpath.delivery.model.finding import Finding, Gate, Severity
from goldenpath.delivery.model.verdict import Mode
from goldenpath.delivery.rules import effective
from goldenpath.delivery.running import gate
from goldenpath.shared.errors import GateBlocked, PolicyInvalid
from goldenpath.shared.names import Commit
from tests.unit.builders import COMMIT, report, vulnerability
from tests.unit.run_builder import run
from tests.unit.run_builder import run as run_of

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.stage import Outcome

AT_A_TERMINAL = Event(TERMINAL, Commit(COMMIT), "refs/heads/main", "o/app", "")
TIGHTENED = "version: 1\ntighten:\n  dev:\n    trivy: {mode: blocking}\n"


def test_all_stages_of_a_process_share_the_rules_that_were_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Commit] = []

    def app_file(_source: Path, commit: Commit) -> str:
        read.append(commit)
        return TIGHTENED

    monkeypatch.setattr(effective, "app_file", app_file)
    run = run_of(tmp_path, event=AT_A_TERMINAL)
    in_another_stage = replace(run, annotated_at_most=1)
    assert run.rules.environment.modes[Gate.TRIVY] is Mode.BLOCKING
    assert in_another_stage.rules is run.rules
    assert len(read) == 1


def test_other_rules_of_the_platform_or_another_commit_are_resolved_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effective, "app_file", lambda *_: None)
    run = run_of(tmp_path, event=AT_A_TERMINAL)
    assert run.rules.environment == run.environment
    strict = replace(run.environment, modes=dict.fromkeys(Gate, Mode.BLOCKING))
    assert replace(run, environment=strict).rules.environment == strict
    other = replace(run, event=structs.replace(run.event, commit=Commit("b" * 40)))
    assert other.rules is not run.rules


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
