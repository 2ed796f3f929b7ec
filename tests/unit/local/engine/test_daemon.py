"""Daemons in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.local.engine import daemon, engine
from goldenpath.shared import process
from goldenpath.shared.errors import EngineMissing
from goldenpath.shared.process import Completed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep everything below a folder whose path is short enough; no engine answers anywhere."""
    monkeypatch.setenv("GOLDENPATH_CACHE", str(tmp_path / "c"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    answers(monkeypatch, {})
    monkeypatch.setattr(daemon, "listens", lambda _path: False)
    monkeypatch.setattr(process, "run", refuse)
    return tmp_path / "c"


def refuse(*command: object, **_options: object) -> Completed:
    raise AssertionError(f"a unit test tried to start {command}")


def answers(monkeypatch: pytest.MonkeyPatch, engines: Mapping[str | None, dict[str, object]]) -> None:
    """Let the engines at these addresses (`None`: the default one) answer with this information."""
    monkeypatch.setattr(engine, "_info", lambda env: engines.get(env.get("DOCKER_HOST")))


def test_a_daemon_that_does_not_start_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = daemon.Daemon("brokend", "/usr/sbin/brokend", (), tmp_path)

    def run(_program: str, action: str, *_rest: object, **_options: object) -> Completed:
        if action == "--start":
            broken.log.write_text("disk is full\n")
        return Completed("start-stop-daemon", 1 if action == "--status" else 0, b"", b"", 0.0)

    monkeypatch.setattr(process, "run", run)
    monkeypatch.setattr(daemon, "TAKE_OFF_SECONDS", 0)
    with pytest.raises(EngineMissing) as caught:
        broken.start(lambda: False)
    assert (caught.value.what, caught.value.why) == ("brokend did not start", "disk is full")
