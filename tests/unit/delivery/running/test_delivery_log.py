"""What a log of CI shows of a delivery, as it is kept, and the one line that is left of it with `--quiet`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from goldenpath.delivery.running.delivery_log import DeliveryLog
from goldenpath.shared import output
from tests.unit.delivery.report.test_job_summary import CASES
from tests.unit.delivery.running.terminal_cases import ENDS, ERRORS, Clock, end_of, play, same_as_kept


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("time.monotonic", made)
    return made


@pytest.fixture
def _quiet() -> Iterator[None]:
    with output.chosen(quiet=True):
        yield


def delivered(name: str, clock: Clock, capsys: pytest.CaptureFixture[str]) -> str:
    log = DeliveryLog()
    play(log, end_of(name, ENDS[name]), clock)
    if name in ERRORS:
        log.error(ERRORS[name]())
    return capsys.readouterr().out


@pytest.mark.parametrize("name", ENDS)
def test_the_log_of_a_delivery_is_what_it_was(name: str, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    same_as_kept(f"log-{name}.txt", delivered(name, clock, capsys))


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("name", CASES)
def test_quiet_leaves_the_verdict_and_the_error(name: str, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    first, *rest = delivered(name, clock, capsys).splitlines()
    error = end_of(name, CASES[name]).error
    assert first == end_of(name, CASES[name]).headline
    assert [line.split()[0] for line in rest] == (
        [f"error[{error.code}]:", *(["why:"] if error.why else []), "do:", "more:"] if error else []
    )


def test_a_delivery_has_begun_with_its_first_stage() -> None:
    log = DeliveryLog()
    assert not log.has_begun
    with log.working("build"):
        assert log.has_begun
