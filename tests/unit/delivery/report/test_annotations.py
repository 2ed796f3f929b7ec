"""However much is found, GitHub shows the annotation that says what to do: it keeps ten of a level in a step."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from goldenpath import cli
from goldenpath.delivery import pipeline
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.report.annotations import Notice, chosen
from goldenpath.delivery.running import execution, gate
from goldenpath.delivery.stage import Outcome, Run, Stage
from goldenpath.shared import error_pages
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import GateBlocked
from goldenpath.shared.runner import Runner
from tests.unit.builders import report, secret, vulnerability
from tests.unit.run_builder import run

SHOWN = 10
MANY = tuple(f"finding {number}" for number in range(50))
BLOCKED = GateBlocked("the gate blocks", fix="fix what it found")
SAID_LAST = f"the gate blocks. fix what it found. More: {error_pages.address('gate-blocked')}"
EVERY_STAGE = (*pipeline.FIRST, *pipeline.STAGES, *pipeline.ALWAYS, *pipeline.ASIDE)
_ANNOTATION = re.compile(r"^::(notice|warning|error)(?: [^:]*)?::(.*)$", re.MULTILINE)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[tuple[str, str]]]:
    """Return what runs something as one step, and gives the annotations that GitHub then shows."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    def act(step: Callable[[], object]) -> list[tuple[str, str]]:
        cli.guarded(step)
        written = _ANNOTATION.findall(capsys.readouterr().out)
        return [
            each
            for level in ("notice", "warning", "error")
            for each in [found for found in written if found[0] == level][:SHOWN]
        ]

    return act


def in_actions(folder: Path) -> Run:
    return run(folder, runner=Runner(in_actions=True))


@pytest.mark.parametrize("stage", EVERY_STAGE, ids=lambda stage: stage.name)
def test_a_stage_that_stops_the_run_says_last_what_to_do(
    tmp_path: Path, shown: Callable[..., list[tuple[str, str]]], stage: Stage
) -> None:
    found = replace(stage, gate=None, run=lambda _: Outcome("done", warnings=MANY, stop=BLOCKED))
    listed = shown(lambda: execution.run_stage(found, in_actions(tmp_path), Progress()))
    assert {level for level, _ in listed} == {"error"}
    assert [text for _, text in listed[-2:]] == [
        "42 more are in the summary and the log of this run.", SAID_LAST,
    ]  # fmt: skip
    assert len(listed) == SHOWN


@pytest.mark.parametrize("stage", EVERY_STAGE, ids=lambda stage: stage.name)
def test_a_stage_that_warns_of_much_says_where_the_rest_is(
    tmp_path: Path, shown: Callable[..., list[tuple[str, str]]], stage: Stage
) -> None:
    found = replace(stage, gate=None, run=lambda _: Outcome("done", warnings=MANY))
    listed = shown(lambda: execution.run_stage(found, in_actions(tmp_path), Progress()))
    assert listed[-1] == ("warning", "42 more are in the summary and the log of this run.")
    assert len(listed) == SHOWN - 1


def test_all_stages_in_one_step_share_what_github_shows_and_the_error_has_its_place(
    tmp_path: Path, shown: Callable[..., list[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def warns(_: Run) -> Outcome:
        return Outcome("done", warnings=MANY)

    def blocks(_: Run) -> Outcome:
        return Outcome("done", warnings=MANY, stop=BLOCKED)

    names = [stage.name for stage in pipeline.STAGES]
    stages = tuple(
        replace(each, gate=None, ahead=None, run=blocks if each.name == names[-1] else warns)
        for each in pipeline.STAGES
    )
    monkeypatch.setattr(pipeline, "STAGES", stages)
    monkeypatch.setattr(pipeline, "ALWAYS", tuple(replace(each, run=warns) for each in pipeline.ALWAYS))
    listed = shown(lambda: pipeline.deliver(in_actions(tmp_path), Progress()))
    counts = {level: sum(found == level for found, _ in listed) for level in ("warning", "error")}
    assert counts == {"warning": SHOWN - 1, "error": SHOWN}
    assert listed[-1] == ("error", SAID_LAST)
    assert (
        len([each for each in listed if each == ("warning", "48 more are in the summary and the log of this run.")])
        == 3
    )


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_fifty_real_findings_of_a_gate_leave_room_for_the_error(
    tmp_path: Path, shown: Callable[..., list[tuple[str, str]]], environment: str
) -> None:
    for found in (
        report(*(vulnerability(identity=f"CVE-2026-{number}") for number in range(50))),
        report(*(secret(f"{number}.py") for number in range(50)), gate=Gate.GITLEAKS),
    ):
        made = replace(in_actions(tmp_path), environment=in_actions(tmp_path).policy.environment(environment))
        act = partial(gate.conclude, report=found, category="c")
        stage = Stage(found.gate.stage, "", (), {}, act, found.gate)
        listed = shown(partial(execution.run_stage, stage, made, Progress()))
        if environment == "prod":
            assert (len(listed), listed[-1][1].startswith(f"{found.gate} blocks the release to prod")) == (SHOWN, True)
        else:
            assert {level for level, _ in listed} == {"warning"}
            assert len(listed) == SHOWN - 1


@pytest.mark.parametrize(("number", "at_most", "left"), [(0, 9, 0), (9, 9, 0), (10, 9, 2), (50, 3, 48)])
def test_what_is_left_out_is_counted(number: int, at_most: int, left: int) -> None:
    found = [each.text for each in chosen(tuple(map(Notice, MANY[:number])), at_most)]
    assert len(found) == min(number, at_most)
    last = [f"{left} more are in the summary and the log of this run."] if left else list(MANY[:number][-1:])
    assert found[-1:] == last
