"""A signal at any instant of a release that fails, down to the single instruction: the undo is whole."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from goldenpath.delivery.model.receipt import State
from goldenpath.delivery.release import cancellation, transaction
from goldenpath.delivery.stages import ecr_push
from goldenpath.shared.errors import Cancelled, GoldenPathError
from tests.unit.delivery.release.test_transaction import LATEST, NOTHING, OF_ANOTHER, VERSION, Case, case, hold
from tests.unit.registry_double import trouble

WATCHED = {ecr_push.__file__, transaction.__file__, cancellation.__file__, contextlib.__file__}


@pytest.fixture(autouse=True)
def _obeying() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in cancellation.SIGNALS}
    cancellation.install_signal_handlers()
    yield
    cancellation.install_signal_handlers()  # forgets what came
    for number, handler in before.items():
        signal.signal(number, handler)


class Instants:
    """Sends a signal just before the n-th instruction, of the code that could be interrupted, since `begin`."""

    def __init__(self, chosen: int = -1) -> None:
        self.chosen = chosen
        self.seen = 0
        self._begun = False

    def begin(self) -> None:
        self._begun = True

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(None)

    def _enter(self, frame: FrameType, _event: str, _argument: object) -> Any:  # noqa: ANN401  the interpreter's
        if frame.f_code.co_filename not in WATCHED:
            return None
        frame.f_trace_opcodes = True
        return self._step

    def _step(self, _frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401  the interpreter's
        if self._begun and event == "opcode":
            if self.seen == self.chosen:
                signal.raise_signal(signal.SIGTERM)
            self.seen += 1
        return self._step


def fail_and_cancel(folder: Path, chosen: int) -> tuple[Case, Instants]:
    """Return a release that failed at its last tag but one, and was sent a signal at the chosen instant after that."""
    one, instants = case(folder, hold(OF_ANOTHER, LATEST)), Instants(chosen)

    def fail(name: str) -> None:
        if name == f"put_manifest {VERSION}":
            instants.begin()
            raise trouble()

    one.registry.before_call = fail
    cancellation.install_signal_handlers()
    with pytest.raises(GoldenPathError), instants.watching():
        one.release()
    return one, instants


def test_a_signal_at_any_instant_after_a_failure_leaves_no_tag_behind(tmp_path: Path) -> None:
    before = case(tmp_path, hold(OF_ANOTHER, LATEST)).state
    _, instants = fail_and_cancel(tmp_path, -1)
    assert instants.seen > 500
    for chosen in (*range(400), *range(400, instants.seen, 11)):
        one, _ = fail_and_cancel(tmp_path, chosen)
        assert one.state == before, f"at instruction {chosen}"
        assert one.read_receipt().state is State.UNDONE


def test_of_many_signals_the_first_ends_the_run_and_the_others_change_nothing(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING)

    def again_and_again(name: str) -> None:
        if name == f"put_manifest {VERSION}" or name.startswith("delete_images"):
            for number in cancellation.SIGNALS:
                signal.raise_signal(number)

    one.registry.before_call = again_and_again
    with pytest.raises(Cancelled, match="The run was stopped by SIGTERM"):
        one.release()
    assert one.state == ({}, set())
    assert one.read_receipt().state is State.UNDONE


def test_a_write_that_is_under_way_ends_before_the_run_does(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING)
    done = []

    def interrupt(name: str) -> None:
        if name == f"put_manifest {VERSION}":
            signal.raise_signal(signal.SIGINT)
            done.append(name)

    one.registry.before_call = interrupt
    with pytest.raises(Cancelled):
        one.release()
    assert f"delete_images {VERSION}" in one.registry.calls
    assert done
    assert one.state == ({}, set())


def test_a_terminal_that_goes_away_ends_the_run_as_any_other_signal() -> None:
    with pytest.raises(Cancelled, match="SIGHUP"):
        signal.raise_signal(signal.SIGHUP)


def test_an_error_of_its_own_goes_before_the_signal_that_waited() -> None:
    def fail() -> None:
        with cancellation.defer_signals():
            signal.raise_signal(signal.SIGTERM)
            raise trouble()

    with pytest.raises(GoldenPathError, match="the registry is down"):
        fail()
