"""The demo asks nobody's database but its own, and says so when a bad commit is let through."""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from goldenpath.local import reach, state
from goldenpath.local.demo import demo, refusals
from goldenpath.local.engine import engine
from goldenpath.shared import runner
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import GateBlocked, LocalTrouble, ScannerFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APP = Path(__file__).parents[4] / "examples" / "hello-web"
BLOCKED = GateBlocked("gitleaks blocks the release to prod", why="a secret", fix="revoke it")
SECRET, PACKAGE = refusals.ATTEMPTS


@dataclass
class FakeRegistry:
    """A registry with one image, or with those that a delivery adds."""

    held: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"sha256:1": ("prod-1",)})

    def images(self) -> dict[str, tuple[str, ...]]:
        return dict(self.held)


def attempted(deliver: Callable[[], None], registry: FakeRegistry | None = None) -> None:
    refusals.require_refusal(SECRET, deliver, registry or FakeRegistry(), Progress())  # type: ignore[arg-type]


def stopped() -> None:
    raise BLOCKED


def test_a_commit_that_a_gate_stops_is_shown_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    attempted(stopped)
    assert capsys.readouterr().out == (
        "error[gate-blocked]: gitleaks blocks the release to prod\n  why: a secret\n  do:  revoke it\n"
    )


def test_a_commit_that_no_gate_stops_ends_the_demo() -> None:
    with pytest.raises(LocalTrouble, match=r"^a commit with a secret in it was not stopped before prod\. no gate"):
        attempted(lambda: None)


def test_an_image_that_reached_the_registry_ends_the_demo_whatever_the_gate_says() -> None:
    registry = FakeRegistry()

    def arrives() -> None:
        registry.held["sha256:1"] = ("prod-1", "prod-2")
        raise BLOCKED

    with pytest.raises(LocalTrouble) as caught:
        attempted(arrives, registry)
    assert caught.value.why == (
        "the registry held {'sha256:1': ('prod-1',)} and now holds {'sha256:1': ('prod-1', 'prod-2')}"
    )


def test_a_scanner_that_fails_is_no_refusal() -> None:
    def fails() -> None:
        raise ScannerFailed("gitleaks did not finish its work", fix="run again")

    with pytest.raises(ScannerFailed):
        attempted(fails)


def test_the_secret_has_the_form_of_a_token_and_is_in_no_file_of_ours(tmp_path: Path) -> None:
    (tmp_path / "hello_web").mkdir()
    SECRET.change(tmp_path)
    (token,) = re.findall(r"ghp_[0-9a-zA-Z]{36}", (tmp_path / "hello_web" / "settings.py").read_text())
    assert token not in Path(refusals.__file__).read_text()


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
    with runner.adopted(demo.at_a_terminal()), runner.adopted(demo.own_database()):
        assert runner.trivy_cache_dir() == tmp_path / "goldenpath-cache" / "demo" / "trivy"
        assert not runner.in_actions()
    assert runner.trivy_cache_dir() == tmp_path / "goldenpath-cache" / "trivy"
