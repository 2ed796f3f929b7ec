"""Where BuildKit runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goldenpath.local.engine import buildkit, engine
from goldenpath.local.engine.engine import Engine
from tests.unit.local.engine.engine_double import answers


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
