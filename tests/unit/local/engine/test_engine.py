"""When an engine counts as found, what is said and installed before one is started, and where packages come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.local.engine import engine
from goldenpath.local.engine.engine import Engine
from goldenpath.shared import process
from goldenpath.shared.errors import EngineMissing
from goldenpath.shared.toolchain import Program
from tests.tools import docker_cli
from tests.unit.local.engine.engine_double import DONE, answers, be

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.shared.process import Completed


def recording(commands: list[str]) -> Callable[..., Completed]:
    """Return a `process.run` that notes the command and succeeds."""

    def run(*command: object, **_options: object) -> Completed:
        commands.append(" ".join(map(str, command)))
        return DONE

    return run


# find


def test_the_engine_at_the_default_socket_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, {None: {}})
    assert engine.find({}) == Engine(None, None, started=False)


def test_the_engine_that_docker_host_names_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, {"tcp://build:2375": {}})
    assert engine.find({"DOCKER_HOST": "tcp://build:2375"}) == Engine("tcp://build:2375", None, started=False)


def test_no_engine_at_the_default_socket_is_no_engine() -> None:
    assert engine.find({}) is None


def test_a_docker_host_that_does_not_answer_is_an_error_and_not_replaced() -> None:
    with pytest.raises(EngineMissing) as caught:
        engine.find({"DOCKER_HOST": "tcp://build:2375"})
    assert str(caught.value) == (
        "No Docker Engine responds at tcp://build:2375. DOCKER_HOST names that address. Start the engine there, or "
        "unset DOCKER_HOST so that the default socket or an engine of our own is used."
    )


# provide


def test_without_an_engine_and_without_root_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, root_on_debian=False)
    with pytest.raises(EngineMissing) as caught, engine.provide(print):
        pass
    assert caught.value.fix == "Start Docker, or set DOCKER_HOST, or run this as root on Debian or Ubuntu"


def test_a_cache_folder_too_deep_for_sockets_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDENPATH_CACHE", "/" + "deep/" * 20)
    monkeypatch.setattr(engine, "locked", lambda *_: pytest.fail("nothing to lock yet"))
    with pytest.raises(EngineMissing, match="too long for an engine's sockets"):
        engine._start_dockerd(pytest.fail)  # noqa: SLF001  the rest of the way needs root


# install


# apt's sources


# the Docker CLI's configuration


class OneProgram:
    """A toolchain that has every program in the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def provide(self, name: str) -> Program:
        return Program(name, "1", self.path, "release")


def test_the_cli_finds_buildx_and_the_users_logins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "config.json").write_text('{"auths": {}}')
    monkeypatch.setenv("DOCKER_CONFIG", str(theirs))
    folder = docker_cli.cli_plugin_config(OneProgram(tmp_path / "buildx"))  # type: ignore[arg-type]
    assert (folder / "cli-plugins/docker-buildx").readlink() == tmp_path / "buildx"
    assert (folder / "config.json").readlink() == theirs / "config.json"


def test_the_cli_configuration_follows_when_the_users_own_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_the_cli_finds_buildx_and_the_users_logins(tmp_path, monkeypatch)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nothing"))
    folder = docker_cli.cli_plugin_config(OneProgram(tmp_path / "buildx"))  # type: ignore[arg-type]
    assert (folder / "config.json").read_bytes() == b"{}\n"


def test_a_buildkit_of_our_own_is_made_known_to_buildx_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nothing"))
    commands: list[str] = []
    monkeypatch.setattr(process, "run", recording(commands))
    tools, made = OneProgram(tmp_path / "buildx"), Engine("unix:///d.sock", "unix:///b.sock", started=True)
    variables = docker_cli.environment(made, tools)  # type: ignore[arg-type]
    name = variables["BUILDX_BUILDER"]
    assert variables["DOCKER_HOST"] == "unix:///d.sock"
    assert commands == [f"{tmp_path}/buildx create --name {name} --driver remote unix:///b.sock"]


# a daemon
