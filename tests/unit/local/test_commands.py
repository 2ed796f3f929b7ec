"""The `local` commands."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from goldenpath.delivery import pipeline
from goldenpath.local import commands, state
from goldenpath.local.commands import LocalStop
from goldenpath.local.engine import engine
from tests.unit.test_cli import told


@pytest.fixture(autouse=True)
def _as_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable of ours is set, and the signal handlers are put back."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    for each in pipeline.INPUTS:
        monkeypatch.delenv(each.variable, raising=False)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("was_running", [False, True])
@pytest.mark.parametrize("is_stopped", [False, True])
def test_down_reports_what_it_stopped(monkeypatch: pytest.MonkeyPatch, *, was_running: bool, is_stopped: bool) -> None:
    monkeypatch.setattr(state, "down", lambda _: was_running)
    monkeypatch.setattr(engine, "stop", lambda: is_stopped)
    result = commands.local.main(["down"], standalone_mode=False)
    assert result == LocalStop(was_running, engine_in_use=not is_stopped)


def test_local_without_its_packages_says_how_to_get_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError("No module named 'moto'", name="moto")

    monkeypatch.setattr("goldenpath.cli.importlib.import_module", missing)
    code, text = told(capsys, "local", "demo")
    assert (code, text.splitlines()[0]) == (50, "error[local-trouble]: `goldenpath local` is not installed")
