"""Where BuildKit runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from goldenpath.local.engine import buildkit, daemon, engine
from goldenpath.local.engine.engine import Engine
from goldenpath.shared import process

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from goldenpath.shared.process import Completed


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


def test_a_found_engine_is_used_as_it_is_where_no_buildkit_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, {None: {"DriverStatus": []}})
    monkeypatch.setattr(buildkit, "may_run", lambda: False)
    with engine.provide(pytest.fail) as found:
        assert found == Engine(None, None, started=False)


@pytest.mark.parametrize("status", [[["driver-type", "io.containerd.snapshotter.v1"]], []])
def test_a_found_engine_has_the_platforms_buildkit_beside_it_whatever_it_can_export(
    monkeypatch: pytest.MonkeyPatch, status: list[list[str]]
) -> None:
    answers(monkeypatch, {None: {"DriverStatus": status}})
    monkeypatch.setattr(buildkit, "may_run", lambda: True)
    monkeypatch.setattr(engine, "_start_buildkit", lambda found, _: replace(found, buildkit="unix:///b.sock"))
    with engine.provide(pytest.fail) as found:
        assert found == Engine(None, "unix:///b.sock", started=False)
