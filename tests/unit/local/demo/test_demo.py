"""The demo asks nobody's database but its own, and says so when a bad commit is let through."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from goldenpath.local import reach, state
from goldenpath.local.demo import demo, refusals
from goldenpath.local.engine import engine
from goldenpath.shared import runner
from goldenpath.shared.console import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

APP = Path(__file__).parents[4] / "examples" / "hello-web"
SECRET, PACKAGE = refusals.ATTEMPTS


def test_one_package_is_pinned_to_an_old_version_and_no_other_changes(tmp_path: Path) -> None:
    shutil.copy(APP / "requirements.txt", tmp_path)
    PACKAGE.change(tmp_path)
    before, after = ((folder / "requirements.txt").read_text().splitlines() for folder in (APP, tmp_path))
    added = [line for line in after if line not in before]
    assert [line.partition(" --hash=sha256:")[0] for line in added] == ["werkzeug==2.2.2"]
    (start,) = (number for number, line in enumerate(before) if line.startswith("werkzeug=="))
    assert [line for line in before[:start] if line not in after] == []
    assert after == [*before[:start], *added]


def test_the_demo_uses_its_own_database_also_where_trivys_can_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextlib.contextmanager
    def provide(_: object) -> Iterator[engine.Engine]:
        yield engine.Engine(None, None, started=False)

    running = SimpleNamespace(registry_host="127.0.0.1:1", environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:2"})
    monkeypatch.setenv("GOLDENPATH_CACHE", str(tmp_path))
    monkeypatch.setenv("GOLDENPATH_TRIVY_CACHE", "/todays")
    monkeypatch.setattr(engine, "provide", provide)
    monkeypatch.setattr(reach, "reachable", lambda _: True)
    monkeypatch.setattr(state, "up", lambda *_, **__: running)
    monkeypatch.setattr(state, "down", lambda _: True)
    with demo.prepared(Progress(), SimpleNamespace(entries=lambda _: ())):  # type: ignore[arg-type]
        assert runner.variables()["GOLDENPATH_TRIVY_CACHE"] == str(tmp_path / "demo" / "trivy")
        assert (tmp_path / "demo" / "trivy" / "db" / "trivy.db").is_file()
    assert "trivy's database is the demo's own, made from two dozen well-known advisories" in capsys.readouterr().out


def test_also_a_workflow_run_uses_the_demos_database_and_keeps_everything_in_the_folder_of_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    monkeypatch.delenv("GOLDENPATH_CACHE", raising=False)
    with runner.adopted(demo.terminal_variables()), runner.adopted(demo.own_database()):
        assert runner.trivy_cache_dir() == tmp_path / "goldenpath-cache" / "demo" / "trivy"
        assert not runner.in_actions()
    assert runner.trivy_cache_dir() == tmp_path / "goldenpath-cache" / "trivy"
