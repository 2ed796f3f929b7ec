"""No engine but those that a test gives, and no program is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from goldenpath.local.engine import debian, engine
from goldenpath.shared.process import Completed

if TYPE_CHECKING:
    import pytest

DONE = Completed("program", 0, b"", b"", 0.0)


def refuse(*command: object, **_options: object) -> Completed:
    raise AssertionError(f"a unit test tried to start {command}")


def answers(monkeypatch: pytest.MonkeyPatch, engines: Mapping[str | None, dict[str, object]]) -> None:
    """Let the engines at these addresses (`None`: the default one) answer with this information."""
    monkeypatch.setattr(engine, "_info", lambda env: engines.get(env.get("DOCKER_HOST")))


def be(monkeypatch: pytest.MonkeyPatch, *, root_on_debian: bool, programs: tuple[str, ...] = ()) -> None:
    monkeypatch.setattr(debian, "may_install", lambda: root_on_debian)
    monkeypatch.setattr(debian, "which", lambda program: f"/usr/sbin/{program}" if program in programs else None)
