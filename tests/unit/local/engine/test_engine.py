"""When an engine counts as found, what is said and installed before one is started, and where packages come from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from goldenpath.local.engine import buildkit, daemon, debian, engine
from goldenpath.local.engine.engine import Engine
from goldenpath.shared import process
from goldenpath.shared.errors import EngineMissing, LocalTrouble, ToolFailed, ToolMissing
from goldenpath.shared.process import Completed
from goldenpath.shared.toolchain import Program
from tests.tools import docker_cli

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

DONE = Completed("program", 0, b"", b"", 0.0)


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


def be(monkeypatch: pytest.MonkeyPatch, *, root_on_debian: bool, programs: tuple[str, ...] = ()) -> None:
    monkeypatch.setattr(debian, "may_install", lambda: root_on_debian)
    monkeypatch.setattr(debian, "which", lambda program: f"/usr/sbin/{program}" if program in programs else None)


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
        "no Docker Engine answers at tcp://build:2375. DOCKER_HOST names that address. start the engine there, or "
        "unset DOCKER_HOST so that the default socket or an engine of our own is used."
    )


# provide


def test_without_an_engine_and_without_root_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, root_on_debian=False)
    with pytest.raises(EngineMissing) as caught, engine.provide(print):
        pass
    assert caught.value.fix == "start Docker, or set DOCKER_HOST, or run this as root on Debian or Ubuntu"


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


def test_a_cache_folder_too_deep_for_sockets_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDENPATH_CACHE", "/" + "deep/" * 20)
    monkeypatch.setattr(engine, "_held", lambda *_: pytest.fail("nothing to lock yet"))
    with pytest.raises(EngineMissing, match="too long for an engine's sockets"):
        engine._start_dockerd(pytest.fail)  # noqa: SLF001  the rest of the way needs root


# install


def test_what_is_missing_is_announced_before_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, root_on_debian=True, programs=("iptables",))
    said: list[str] = []
    monkeypatch.setattr(process, "run", recording(said))
    debian.install({"dockerd": "docker.io", "iptables": "iptables"}, said.append, reason="to have a Docker Engine")
    assert said == [
        "installing docker.io with apt-get to have a Docker Engine",
        "apt-get install --yes --quiet --no-install-recommends docker.io",
    ]


def test_apt_fetches_its_lists_when_it_cannot_install_with_the_ones_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, root_on_debian=True)
    commands: list[str] = []
    monkeypatch.setattr(process, "run", failing_once(commands))
    debian.install({"debootstrap": "debootstrap"}, print, reason="to make a base image")
    assert [command.split()[1] for command in commands] == ["install", "update", "install"]


def failing_once(commands: list[str]) -> Callable[..., Completed]:
    def run(*command: str, **_options: object) -> Completed:
        commands.append(" ".join(command))
        if len(commands) == 1:
            raise ToolFailed("apt-get ended with exit status 100", fix="")
        return DONE

    return run


def test_nothing_is_installed_when_everything_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, root_on_debian=True, programs=("dockerd", "iptables"))
    debian.install({"dockerd": "docker.io", "iptables": "iptables"}, pytest.fail, reason="")


def test_a_missing_package_where_we_may_not_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, root_on_debian=False)
    with pytest.raises(ToolMissing) as caught:
        debian.install({"debootstrap": "debootstrap"}, pytest.fail, reason="to make a base image")
    assert caught.value.what == "debootstrap must be installed to make a base image"


# apt's sources

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian bookworm main contrib
deb-src http://source.example/debian bookworm main
deb http://tools.example/apt stable main
"""
DEB822 = """\
Types: deb
# a comment
URIs: http://two.example/debian
Suites: trixie trixie-updates
Components: main

Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
Enabled: no
"""


@pytest.mark.parametrize(
    ("file", "text", "suite", "uri"),
    [
        ("sources.list", ONE_LINE, "bookworm", "http://one.example/debian"),
        ("sources.list.d/debian.sources", DEB822, "trixie", "http://two.example/debian"),
    ],
)
def test_the_mirror_is_the_one_this_machine_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str, suite: str, uri: str
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    (tmp_path / "os-release").write_text(f'ID=debian\nVERSION_CODENAME="{suite}"\n')
    monkeypatch.setattr(debian, "APT", tmp_path)
    monkeypatch.setattr(debian, "OS_RELEASE", tmp_path / "os-release")
    assert debian.mirror() == (uri, suite)


def test_a_machine_without_a_mirror_for_its_own_release_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "APT", tmp_path)
    monkeypatch.setattr(debian, "OS_RELEASE", tmp_path / "os-release")
    with pytest.raises(LocalTrouble, match="no package mirror is known for a stand-in base image"):
        debian.mirror()


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
