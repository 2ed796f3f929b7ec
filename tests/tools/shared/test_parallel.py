"""Work in a second thread gives its result, and its programs end when the other work fails."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest
from tests import waiting
from tests.unit import run_builder

from goldenpath.delivery import pipeline
from goldenpath.delivery.release import cancellation
from goldenpath.delivery.stage import Outcome, Run, Stage
from goldenpath.shared import process
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import Cancelled, ToolFailed
from goldenpath.shared.parallel import alongside

pytestmark = pytest.mark.tools

LONG = 60


def test_the_result_is_given() -> None:
    with alongside() as second:
        future = second.start(process.run, "echo", "done", timeout=10)
    assert future.result().stdout == b"done\n"


def test_its_error_is_raised_where_the_result_is_wanted() -> None:
    with alongside() as second:
        future = second.start(process.run, "false", timeout=10)
        with pytest.raises(ToolFailed):
            future.result()


def test_its_programs_end_when_the_other_work_fails(tmp_path: Path) -> None:
    futures = list[Future[None]]()

    script = f"touch {tmp_path}/started; sleep {LONG}; touch {tmp_path}/slept"

    def long_work() -> None:
        for _ in range(3):
            with contextlib.suppress(ToolFailed):
                process.run("sh", "-c", script, timeout=LONG + 60)

    def other_work() -> None:
        with alongside() as second:
            futures.append(second.start(long_work))
            while not (tmp_path / "started").exists():
                time.sleep(0.01)
            raise KeyError("the other work fails")

    with pytest.raises(KeyError):
        other_work()
    with pytest.raises(Exception, match="the result is no longer needed"):
        futures[0].result(timeout=LONG)
    assert not (tmp_path / "slept").exists()


def test_a_program_that_does_not_want_to_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATIENCE", 0.2)
    futures = list[Future[process.Completed]]()

    def other_work() -> None:
        with alongside() as second:
            stubborn = f"trap '' TERM; touch {tmp_path}/started; while :; do sleep 1; done"
            futures.append(second.start(process.run, "sh", "-c", stubborn, timeout=LONG + 60))
            while not (tmp_path / "started").exists():
                time.sleep(0.01)
            raise KeyError("the other work fails")

    with pytest.raises(KeyError):
        other_work()
    # The second, where it was still being started.
    with pytest.raises(Exception, match=r"exit status -9|no longer needed"):
        futures[0].result(timeout=LONG)


def test_ctrl_c_in_a_delivery_ends_the_programs_of_both_scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = tmp_path / "first", tmp_path / "second"

    def program(place: Path) -> None:
        process.run(
            "sh", "-c", f"echo $$ > {place}.part; mv {place}.part {place}; exec sleep {LONG}", timeout=LONG + 60
        )

    def ahead(_: Run) -> Callable[[], Outcome]:
        program(pids[1])
        return lambda: pytest.fail("it was stopped")

    def interrupt() -> None:
        while not all(each.exists() for each in pids):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    def scan(_: Run) -> Outcome:
        threading.Thread(target=interrupt, daemon=True).start()
        program(pids[0])
        return pytest.fail("it was stopped")

    nothing = Outcome("done")
    stages = Stage("scan", "", (), {}, scan), Stage("sbom", "", (), {}, lambda _: nothing, ahead=ahead)
    monkeypatch.setattr(pipeline, "STAGES", stages)
    monkeypatch.setattr(pipeline, "ALWAYS", ())
    before = {number: signal.getsignal(number) for number in cancellation.SIGNALS}
    cancellation.install_signal_handlers()
    try:
        with pytest.raises(Cancelled, match="SIGINT"):
            pipeline.deliver(run_builder.run(tmp_path), Progress())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    # One that starts while the other is stopped is stopped by its own thread, a moment later.
    numbers = [pid.read_text().strip() for pid in pids]
    waiting.until(lambda: not any(Path("/proc", number).exists() for number in numbers), lambda: numbers)
