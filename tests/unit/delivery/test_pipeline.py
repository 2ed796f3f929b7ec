# A double takes whatever its test changes.
# ruff: noqa: ANN401

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from goldenpath.delivery import pipeline
from goldenpath.delivery.model.event import Event
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.inputs import Request
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.running import execution
from goldenpath.delivery.stage import Outcome, Run, Stage
from goldenpath.delivery.stages import compare_release, ecr_push
from goldenpath.shared import git
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import (
    BadInput,
    BuildFailed,
    Cancelled,
    GateBlocked,
    GoldenPathError,
    SarifRefused,
    UnknownEnvironment,
)
from goldenpath.shared.names import Commit, EcrRepository, Ref
from goldenpath.shared.runner import Runner
from tests.unit.builders import COMMIT
from tests.unit.run_builder import run

BLOCKED = GateBlocked("blocked", why="w", fix="f")


class Told(Progress):
    """A progress whose lines can be read; times are left out."""

    def __init__(self) -> None:
        self._sink = io.StringIO()
        super().__init__(Console(file=self._sink, highlight=False, soft_wrap=True))

    @property
    def text(self) -> str:
        return self._sink.getvalue()


def stage(name: str, act: Callable[[Run], Outcome] | None = None) -> Stage:
    outcome = Outcome(f"{name} was done", {name: "1"})
    return Stage(name, name, (), {}, act or (lambda _: outcome), timed=True)


def failing(name: str, error: BaseException) -> Stage:
    def act(_: Run) -> Outcome:
        raise error

    return stage(name, act)


@pytest.fixture
def delivered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[dict[str, str], str]]:
    """Return what delivers with other stages, and answers the outputs and what was told."""

    def act(*stages: Stage, always: Sequence[Stage] = (), told: Told | None = None, **changed: Any) -> Any:
        monkeypatch.setattr(pipeline, "STAGES", stages)
        monkeypatch.setattr(pipeline, "ALWAYS", tuple(always) or (stage("upload"),))
        progress = told or Told()
        return pipeline.deliver(run(tmp_path, **changed), progress), progress.text

    return act


def test_the_stages_run_in_the_order_that_the_platform_promises() -> None:
    assert [each.name for each in (*pipeline.STAGES, *pipeline.ALWAYS)] == [
        "gitleaks-gate", "build", "trivy-gate", "sbom", "ecr-push", "sarif-upload", "summary",
    ]  # fmt: skip


def test_every_stage_runs_in_order_and_gives_its_outputs(delivered: Any) -> None:
    outputs, text = delivered(stage("one"), stage("two"))
    assert list(outputs) == ["one", "two", "upload"]
    assert [line.split()[1] for line in text.splitlines() if line.startswith("·")] == ["one", "two", "upload"]


def test_a_comparison_with_the_last_release_comes_before_everything_else_and_only_where_it_is_wanted(
    delivered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_release, "STAGE", stage("compare"))
    for wanted, first in ((True, ["compare"]), (False, [])):
        outputs, text = delivered(stage("one"), compare_released=wanted)
        assert [line.split()[1] for line in text.splitlines() if line.startswith("·")] == [*first, "one", "upload"]
        assert list(outputs) == ["one", "upload"]
        shown = pipeline.shown(Request(compare_released=wanted))
        assert [each.name for each in shown] == [*first, "one", "upload"]


def test_a_comparison_of_an_earlier_run_in_the_folder_is_forgotten(delivered: Any, tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "work")
    work.released.path.mkdir(parents=True)
    work.released.release.write_text("{}")
    delivered(stage("one"))
    assert not work.released.release.exists()


@pytest.mark.parametrize("error", [BuildFailed("x", fix="f"), Cancelled("x", fix="f"), RuntimeError("a bug")])
def test_a_failure_ends_the_run_and_what_was_found_is_uploaded_all_the_same(
    delivered: Any, error: BaseException
) -> None:
    told = Told()
    with pytest.raises(type(error)) as caught:
        delivered(stage("one"), failing("two", error), stage("three"), told=told)
    assert caught.value is error
    assert [line.split()[1] for line in told.text.splitlines() if line.startswith("·")] == ["one", "two", "upload"]


def test_a_gate_that_blocks_stops_the_run_after_its_outputs_were_written(delivered: Any, tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    gate = stage("gate", lambda _: Outcome("it blocks", {"verdict": "block"}, ("a finding",), BLOCKED))
    told = Told()
    with pytest.raises(GateBlocked) as caught:
        delivered(gate, stage("push"), told=told, runner=Runner(in_actions=True, output_file=outputs))
    assert caught.value.result == {"verdict": "block"}
    assert "verdict<<" in outputs.read_text()
    assert "push<<" not in outputs.read_text()
    assert told.text.startswith("· gate\n✗ gate           it blocks")


def test_an_upload_that_fails_too_does_not_hide_why_the_run_failed(delivered: Any) -> None:
    told = Told()
    with pytest.raises(GateBlocked):
        delivered(failing("gate", BLOCKED), always=[failing("upload", SarifRefused("no token", fix="f"))], told=told)
    assert "  warning: no token. f.\n" in told.text


def test_an_upload_that_fails_alone_fails_the_run(delivered: Any) -> None:
    with pytest.raises(SarifRefused):
        delivered(stage("one"), always=[failing("upload", SarifRefused("no token", fix="f"))])


@pytest.mark.parametrize("failure", [None, BLOCKED])
@pytest.mark.parametrize("error", [SarifRefused("no token", fix="f"), RuntimeError("a bug"), Cancelled("x", fix="f")])
def test_all_that_must_always_happen_happens_when_a_part_of_it_fails(
    delivered: Any, failure: GoldenPathError | None, error: BaseException
) -> None:
    told = Told()
    last = BadInput("too late", fix="f")
    always = [failing("upload", error), stage("summary"), failing("more", last)]
    with pytest.raises(GoldenPathError if failure else type(error)) as caught:
        delivered(failing("gate", failure) if failure else stage("gate"), always=always, told=told)
    assert caught.value is (failure or error)
    assert "✓ summary        summary was done" in told.text
    assert "  warning: too late. f.\n" in told.text


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target", "pull_request_review", "merge_group"])
def test_a_pull_request_is_checked_and_never_pushed(delivered: Any, name: str) -> None:
    event = Event(name, Commit(COMMIT), "refs/pull/1/merge", "o/app")
    push = Stage("ecr-push", "", (), {}, lambda _: pytest.fail("it pushed"), releases=True)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(ecr_push, "STAGE", push)
        outputs, text = delivered(stage("one"), push, event=event)
    assert list(outputs) == ["one", "upload"]
    assert "· ecr-push is left out: a pull request is checked, never released\n" in text


def test_what_an_earlier_run_left_is_gone_before_the_first_stage(delivered: Any, tmp_path: Path) -> None:
    work = run(tmp_path).work
    work.path.mkdir()
    left = [
        work.candidate, work.receipt, work.spdx, work.cyclonedx, work.path / "sbom.linux-arm64.spdx.json",
        *(path(each) for each in Gate for path in (work.findings, work.sarif, work.verdict)),
    ]  # fmt: skip
    for path in left:
        path.write_text("{}")
    with pytest.raises(BuildFailed):
        delivered(failing("one", BuildFailed("x", fix="f")))
    assert [path.name for path in left if path.exists()] == []


def test_a_work_folder_inside_the_build_context_is_refused_before_the_first_stage(
    delivered: Any, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="lies inside the build context"):
        delivered(stage("one", lambda _: pytest.fail("it ran")), build_context=tmp_path)


def test_warnings_are_told_annotated_and_summed_up_each_made_safe(
    delivered: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"
    gate = stage("gate", lambda _: Outcome("done <b>", warnings=("::error::x\n<img>",)))
    _, text = delivered(gate, runner=Runner(in_actions=True, summary_file=summary))
    assert "! gate           done <b>" in text
    assert "  warning: ::error::x\n<img>\n" in text
    assert capsys.readouterr().out == "::warning title=gate::\\x3a:error::x%0A<img>\n"
    assert summary.read_text() == "**upload**: upload was done\n\n", "the whole run has one page instead"
    execution.run_stage(gate, run(tmp_path, runner=Runner(summary_file=summary)), Told())
    assert summary.read_text().endswith("**gate**: done &lt;b&gt;\n\n- `\\x3a:error::x` &lt;img&gt;\n")


def test_an_unknown_environment_is_refused_before_the_checkout_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(UnknownEnvironment):
        execution.prepare(Request(environment="mars", source=tmp_path / "nowhere"), Runner(), Told())


IN_ACTIONS = Runner(
    in_actions=True, event_name="push", event={"before": "b" * 40}, repository="o/app", sha=COMMIT,
    ref="refs/heads/main", server_url="https://ghe.example",
)  # fmt: skip


def test_the_runners_event_is_what_a_run_answers_to() -> None:
    assert execution.event_of(IN_ACTIONS, Path("/nowhere")) == Event(
        "push", Commit(COMMIT), "refs/heads/main", "o/app", "https://ghe.example/o/app", Commit("b" * 40)
    )


@pytest.mark.parametrize(
    ("origin", "repository"),
    [("https://github.com/o/app", "o/app"), ("https://gitlab.example/o/app", ""), ("", "")],
)
def test_at_a_terminal_the_checkout_says_what_is_built(
    monkeypatch: pytest.MonkeyPatch, origin: str, repository: str
) -> None:
    monkeypatch.setattr(git, "head", lambda _: Commit(COMMIT))
    monkeypatch.setattr(git, "branch_ref", lambda _: "refs/heads/topic")
    monkeypatch.setattr(git, "origin_url", lambda _: origin)
    event = execution.event_of(Runner(), Path("/src"))
    assert event == Event("terminal", Commit(COMMIT), "refs/heads/topic", repository, origin)


@pytest.mark.parametrize(("chosen", "expected"), [("/chosen", "/chosen"), (".", "/runner/goldenpath")])
def test_the_work_folder_is_the_one_that_was_named_or_the_runners(
    monkeypatch: pytest.MonkeyPatch, chosen: str, expected: str
) -> None:
    monkeypatch.setenv("RUNNER_TEMP", "/runner")
    request = Request(environment="dev", work_dir=Path(chosen))
    assert execution.prepare(request, IN_ACTIONS, Told()).work.path == Path(expected)


def test_two_deliveries_at_a_terminal_have_a_work_folder_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RUNNER_TEMP", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(execution, "event_of", lambda *_: Event("terminal", Commit(COMMIT), "refs/heads/main"))

    def folder(source: str, environment: str, repository: str, *, whole: bool) -> Path:
        wanted = Request(environment=environment, source=Path(source), ecr_repository=EcrRepository(repository))
        return execution.prepare(wanted, Runner(), Told(), whole=whole).work.path

    deliveries = [
        folder(source, environment, repository, whole=True)
        for source in ("/src/a", "/src/b", "/other/a")
        for environment in ("dev", "test")
        for repository in ("my-web", "my/web", "my-api")
    ]
    assert len(set(deliveries)) == len(deliveries)
    assert {each.parent for each in deliveries} == {tmp_path / f"goldenpath-{os.getuid()}"}
    assert deliveries[0] == folder("/src/a", "dev", "my-web", whole=True)
    one_by_one = folder("/src/a", "dev", "my-web", whole=False)
    assert one_by_one == folder("/src/a", "dev", "my-api", whole=False)
    assert one_by_one not in deliveries


@pytest.mark.parametrize("tag", ["v1.4.2+build", "v1/2", "v", "very-nice"])
def test_a_release_tag_that_gives_no_version_is_refused_before_the_first_stage(tag: str) -> None:
    here = Runner(in_actions=True, event_name="push", repository="o/app", sha=COMMIT, ref=f"refs/tags/{tag}")
    with pytest.raises(GoldenPathError, match="gives no version") as caught:
        execution.prepare(Request(environment="prod"), here, Told())
    assert isinstance(caught.value, BadInput)


def test_a_workflow_run_never_follows_the_rules_of_a_terminal() -> None:
    with pytest.raises(UnknownEnvironment) as caught:
        execution.prepare(Request(environment="local"), IN_ACTIONS, Told())
    assert str(caught.value) == (
        "The environment local is for terminals, not for workflow runs. Its gates report and never block, and no "
        "account, role or ECR repository belongs to it. Deliver to dev, or to another environment of the platform."
    )


def test_in_a_workflow_run_no_other_ref_can_be_named() -> None:
    here = replace(IN_ACTIONS, ref="refs/heads/topic")
    with pytest.raises(GoldenPathError, match=r"^This workflow run is of refs/heads/topic, and `ref` says refs/"):
        execution.event_of(here, Path("/nowhere"), Ref("refs/heads/main"))


def early(name: str, act: Callable[[Run], Outcome]) -> Stage:
    return replace(stage(name), ahead=lambda run: partial(act, run))


def test_what_works_ahead_of_a_gate_that_blocks_leaves_nothing(delivered: Any, tmp_path: Path) -> None:
    gate = stage("gate", lambda _: Outcome("it blocks", {"verdict": "block"}, stop=BLOCKED))
    ahead = early("sbom", lambda given: pytest.fail(f"it wrote into {given.work.path}"))
    told = Told()
    with pytest.raises(GateBlocked):
        delivered(gate, ahead, stage("push", lambda _: pytest.fail("it released")), told=told)
    assert "sbom" not in told.text
    assert not list(tmp_path.glob("work/sbom*"))


def test_an_error_of_what_works_ahead_comes_in_its_turn(delivered: Any) -> None:
    def broken(_: Run) -> Callable[[], Outcome]:
        raise BuildFailed("no inventory", fix="f")

    told = Told()
    push = stage("push", lambda _: pytest.fail("it released"))
    with pytest.raises(BuildFailed, match="no inventory"):
        delivered(stage("gate"), replace(stage("sbom"), ahead=broken), push, told=told)
    assert [line.split()[1] for line in told.text.splitlines() if line.startswith(("✓", "✗"))] == [
        "gate", "sbom", "upload",
    ]  # fmt: skip
    with pytest.raises(GateBlocked):
        delivered(failing("gate", BLOCKED), replace(stage("sbom"), ahead=broken))
