"""A real Docker Engine and BuildKit of our own: found, shared, left behind, started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools import docker_cli

from goldenpath.local.engine import buildkit, debian, engine
from goldenpath.shared import process, runner
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(not debian.may_install(), reason="an engine of our own needs root on Debian or Ubuntu"),
]

SECOND_PROCESS = """
from goldenpath.local.engine import engine
engine.DEFAULT_HOST = "unix:///nowhere/docker.sock"
with engine.provide(print) as found:
    print(found.started, found.docker_host)
"""


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of its own, with the real tools, on a machine that seems to have no engine yet."""
    tools = runner.cache_dir() / "tools"
    with tempfile.TemporaryDirectory(prefix="gp-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "tools").symlink_to(tools)
        monkeypatch.setenv("GOLDENPATH_CACHE", folder)
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        monkeypatch.setenv("PYTHONPATH", str(Path(engine.__file__).parents[3]))  # for the second process
        monkeypatch.setattr(engine, "DEFAULT_HOST", "unix:///nowhere/docker.sock")
        yield Path(folder)
        assert engine.stop()


def pid(cache: Path, name: str) -> int:
    return int((cache / "engine" / f"{name}.pid").read_text())


def test_an_engine_of_our_own_is_announced_started_and_stopped_again(cache: Path) -> None:
    said: list[str] = []
    with engine.provide(said.append) as made:
        assert made.started
        assert made.buildkit
        assert engine.ours() == engine.Engine(made.docker_host, made.buildkit, started=False)
    assert [line.split(" of our own")[0] for line in said] == ["starting a Docker Engine", "starting a BuildKit"]
    assert engine.ours() is None
    assert not buildkit.is_listening(cache / "engine")


def test_a_second_process_uses_the_first_ones_engine_and_leaves_it_running() -> None:
    with engine.provide(print) as first:
        second = subprocess.run(
            [sys.executable, "-c", SECOND_PROCESS], check=True, capture_output=True, text=True, timeout=60
        )
        assert second.stdout == f"False {first.docker_host}\n"
        assert engine.ours() is not None
    assert engine.ours() is None


def test_two_processes_at_once_start_one_engine() -> None:
    script = [sys.executable, "-c", SECOND_PROCESS]
    both = [subprocess.Popen(script, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [child.communicate(timeout=90)[0].splitlines()[-1] for child in both]
    assert [child.returncode for child in both] == [0, 0]
    assert len({answer.split()[1] for answer in answers}) == 1
    assert engine.ours() is None


@pytest.mark.parametrize("name", ["dockerd", "buildkitd"])
def test_what_a_killed_run_left_behind_is_not_in_the_way(cache: Path, name: str) -> None:
    engine.start_detached(print)
    killed = pid(cache, name)
    os.kill(killed, signal.SIGKILL)
    time.sleep(0.2)
    with engine.provide(print) as again:
        assert again.started
        assert pid(cache, name) != killed
        assert again.buildkit


def test_what_a_killed_run_left_mounted_does_not_keep_the_cache_from_being_deleted(cache: Path) -> None:
    engine.start_detached(print)
    os.kill(pid(cache, "dockerd"), signal.SIGKILL)
    time.sleep(0.2)
    assert engine.stop()
    shutil.rmtree(cache / "engine")


def test_a_detached_engine_outlives_who_uses_it_until_it_is_stopped() -> None:
    engine.start_detached(print)
    with engine.provide(pytest.fail) as used:
        assert not used.started
    assert engine.ours() is not None
    assert engine.stop()
    assert engine.ours() is None


def test_stopping_waits_for_the_last_user() -> None:
    engine.start_detached(print)
    with engine.provide(print):
        assert not engine.stop()
        assert engine.ours() is not None
    assert engine.ours() is None


@pytest.mark.parametrize("through", ["buildx", "docker"])
def test_an_image_is_built_straight_to_a_layout(tmp_path: Path, through: str) -> None:
    if through == "docker" and debian.which("docker") is None:
        pytest.skip("the Docker CLI is not on this machine")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    tools = Toolchain.load()
    program = [tools.provide("buildx").path] if through == "buildx" else ["docker", "buildx"]
    with engine.provide(print) as made:
        export = ("--provenance=false", "--output", f"type=oci,tar=false,dest={tmp_path / 'layout'}")
        variables = docker_cli.environment(made, tools)
        process.run(*program, "build", *export, tmp_path, timeout=60, environment=variables)
    assert (tmp_path / "layout/index.json").is_file()
