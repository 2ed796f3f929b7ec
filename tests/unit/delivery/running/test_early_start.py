"""Stages that work ahead of their turn."""

# ruff: noqa: ANN401

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery import pipeline
from goldenpath.delivery.stage import Outcome, Run, Stage
from tests.unit.delivery.test_pipeline import Told
from tests.unit.run_builder import run


def stage(name: str, act: Callable[[Run], Outcome] | None = None) -> Stage:
    outcome = Outcome(f"{name} was done", {name: "1"})
    return Stage(name, name, (), {}, act or (lambda _: outcome), timed=True)


@pytest.fixture
def delivered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[dict[str, str], str]]:
    """Return what delivers with other stages, and answers the outputs and what was told."""

    def act(*stages: Stage, always: Sequence[Stage] = (), told: Told | None = None, **changed: Any) -> Any:
        monkeypatch.setattr(pipeline, "STAGES", stages)
        monkeypatch.setattr(pipeline, "ALWAYS", tuple(always) or (stage("upload"),))
        progress = told or Told()
        return pipeline.deliver(run(tmp_path, **changed), progress), progress.text

    return act


def test_a_stage_that_can_work_ahead_starts_with_the_one_before_it_and_is_reported_after_it(delivered: Any) -> None:
    at_work = threading.Event()

    def scan(_: Run) -> Outcome:
        assert at_work.wait(10), "the inventory waited for the scan"
        return Outcome("scanned", {"scan": "1"})

    def inventory(given: Run) -> Callable[[], Outcome]:
        given.say("taking inventory")
        at_work.set()
        return lambda: Outcome("counted", {"sbom": "1"})

    outputs, text = delivered(stage("scan", scan), replace(stage("sbom"), ahead=inventory), stage("push"))
    assert list(outputs) == ["scan", "sbom", "push", "upload"]
    told = [line.partition("  (")[0] for line in text.splitlines() if "upload" not in line and "push" not in line]
    assert told == [
        "· scan", "✓ scan           scanned", "· sbom", "  taking inventory", "✓ sbom           counted",
    ]  # fmt: skip


def test_a_view_shows_at_once_what_a_stage_does_ahead_of_its_turn(
    delivered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    said = threading.Event()

    def show(message: str) -> None:
        shown.append(message)
        said.set()

    def scan(_: Run) -> Outcome:
        assert said.wait(10), "the message waited for the scan"
        return Outcome("scanned", {})

    def inventory(given: Run) -> Callable[[], Outcome]:
        given.say("taking inventory")
        return lambda: Outcome("counted", {})

    monkeypatch.setattr(Told, "starts_early", lambda *_: show)
    delivered(stage("scan", scan), replace(stage("sbom"), ahead=inventory))
    assert shown == ["taking inventory"]


def test_a_stage_that_worked_ahead_took_as_long_as_it_worked(delivered: Any, tmp_path: Path) -> None:
    done = threading.Event()

    def slow_scan(_: Run) -> Outcome:
        assert done.wait(10)
        time.sleep(0.2)
        return Outcome("scanned")

    def quick(_: Run) -> Callable[[], Outcome]:
        done.set()
        return lambda: Outcome("counted")

    delivered(stage("trivy-gate", slow_scan), replace(stage("sbom"), ahead=quick))
    seconds = {str(each.stage): each.seconds for each in run(tmp_path).work.read_timings().stages}
    assert seconds["trivy-gate"] >= 0.2
    assert seconds["sbom"] < 0.1
