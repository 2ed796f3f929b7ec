from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery import delivery_command, pipeline
from goldenpath.delivery.report import run_facts
from goldenpath.delivery.running import execution
from goldenpath.delivery.running.delivery_log import DeliveryLog
from goldenpath.delivery.running.delivery_result import DeliveryResult
from goldenpath.delivery.running.live_view import LiveView
from goldenpath.shared import output, verbose
from goldenpath.shared.errors import GateBlocked, GoldenPathError, WorkFolderBusy
from goldenpath.shared.runner import Runner
from tests.unit.run_builder import run as run_in

if TYPE_CHECKING:
    from goldenpath.delivery.stage import Run

BLOCKED = GateBlocked("blocked", why="w", fix="f")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    made = run_in(tmp_path)
    monkeypatch.setattr(execution, "prepare", lambda *_, **__: made)
    return made


@pytest.fixture
def _json() -> Iterator[None]:
    with output.chosen(as_json=True):
        yield


def deliver(run: Run, monkeypatch: pytest.MonkeyPatch, error: GoldenPathError | None, *, begins: bool = True) -> object:
    def act(_: Run, view: DeliveryLog) -> dict[str, str]:
        if begins:
            with view.working("build"):
                pass
        if error:
            raise error
        return {"digest": "d"}

    monkeypatch.setattr(pipeline, "deliver", act)
    return delivery_command.deliver(run.request, Runner())


@pytest.mark.usefixtures("_json")
def test_a_script_gets_the_outputs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    result = deliver(run, monkeypatch, None)
    assert isinstance(result, DeliveryResult)
    assert (result.outputs, result.environment, result.work_dir) == ({"digest": "d"}, "dev", str(run.work.path))


@pytest.mark.usefixtures("_json")
def test_the_error_that_ends_a_delivery_carries_what_there_is_of_the_result(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = GateBlocked("blocked", why="w", fix="f")
    with pytest.raises(GateBlocked):
        deliver(run, monkeypatch, error)
    assert isinstance(error.result, DeliveryResult)
    assert error.result.ending == "failed"


@pytest.mark.usefixtures("_json")
def test_the_files_of_another_delivery_are_not_reported_as_this_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    error = WorkFolderBusy("busy", fix="wait")
    with pytest.raises(WorkFolderBusy):
        deliver(run, monkeypatch, error, begins=False)
    assert error.result is None


def test_a_log_of_plain_lines_reads_no_file_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_facts, "gather", lambda *_: pytest.fail("it read the files"))
    assert deliver(run, monkeypatch, None) is None


@pytest.mark.parametrize(("redraws", "is_verbose", "kind"), [
    (True, False, LiveView), (True, True, DeliveryLog), (False, False, DeliveryLog),
])  # fmt: skip
def test_a_terminal_gets_a_live_view_unless_it_shows_programs(
    run: Run, monkeypatch: pytest.MonkeyPatch, *, redraws: bool, is_verbose: bool, kind: type
) -> None:
    views: list[object] = []
    monkeypatch.setattr(output, "may_redraw", lambda: redraws)
    monkeypatch.setattr(verbose, "is_on", lambda: is_verbose)
    monkeypatch.setattr(pipeline, "deliver", lambda _, view: views.append(view))
    delivery_command.deliver(run.request, Runner())
    assert [type(view) for view in views] == [kind]
