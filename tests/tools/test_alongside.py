"""Work in a second thread gives its result, and its programs end when the other work fails."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from goldenpath.errors import ToolFailed
from goldenpath.tools import process
from goldenpath.tools.alongside import alongside

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

    def long_work() -> None:
        for _ in range(3):
            with contextlib.suppress(ToolFailed):
                process.run("sh", "-c", f"touch {tmp_path}/started; exec sleep {LONG}", timeout=LONG + 60)

    def other_work() -> None:
        with alongside() as second:
            futures.append(second.start(long_work))
            while not (tmp_path / "started").exists():
                time.sleep(0.01)
            raise KeyError("the other work fails")

    began = time.monotonic()
    with pytest.raises(KeyError):
        other_work()
    with pytest.raises(Exception, match="the result is no longer needed"):
        futures[0].result(timeout=LONG)
    assert time.monotonic() - began < LONG


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
    with pytest.raises(ToolFailed, match="exit status -9"):
        futures[0].result(timeout=LONG)
