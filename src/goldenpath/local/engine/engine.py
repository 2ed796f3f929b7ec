"""Provide a program that builds images: a running Docker Engine or our own, and our own BuildKit where it can run.

The reasons for two programs, and the alternatives: docs/adr/0005-engine.md.
"""

from __future__ import annotations

import contextlib
import fcntl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import docker.errors
import requests.exceptions

from goldenpath.local.engine import buildkit, daemon, debian
from goldenpath.local.file_lock import locked
from goldenpath.shared import process, runner
from goldenpath.shared.errors import EngineMissing
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PING_SECONDS = 5
DEFAULT_HOST = "unix:///var/run/docker.sock"
# containerd's sockets end in 38 more characters, and a socket's path has 107 at most (unix(7)).
LONGEST_FOLDER = 69
MOUNTS = Path("/proc/mounts")
UNMOUNT_SECONDS = 10.0
_PACKAGES = {"dockerd": "docker.io", "iptables": "iptables"}


@dataclass(frozen=True)
class Engine:
    """The addresses of the programs that build images.

    `docker_host` is the address of a Docker Engine; `None` is the Docker CLI's default. `buildkit` is the address of
    our own BuildKit; `None` means that a container of that engine runs one. `started` means that this call started a
    program.
    """

    docker_host: str | None
    buildkit: str | None
    started: bool


def find(env: Mapping[str, str]) -> Engine | None:
    """Return the running Docker Engine that `env` leads to, by DOCKER_HOST or the default socket, else `None`.

    Raises `EngineMissing` when DOCKER_HOST is set but no engine responds there.
    """
    host = env.get("DOCKER_HOST") or None
    if _info(env) is not None:
        return Engine(host, None, started=False)
    if host is None:
        return None
    raise EngineMissing(
        f"No Docker Engine responds at {host}",
        why="DOCKER_HOST names that address",
        fix="Start the engine there, or unset DOCKER_HOST so that the default socket or an engine of our own is used",
    )


@contextlib.contextmanager
def provide(say: Callable[[str], None]) -> Iterator[Engine]:
    """Yield an engine for the block: the running one, else our own, which the last process to leave its block stops.

    `say` receives a line before something is installed or started. Raises `EngineMissing` when no engine runs and none
    can be started here.
    """
    with contextlib.ExitStack() as stay:
        with _exclusively():
            engine = _bring_up(say)
            stay.enter_context(locked(_folder() / "in-use", fcntl.LOCK_SH))
        try:
            yield engine
        finally:
            with _exclusively():
                stay.close()
                if not (_folder() / "keep").exists():
                    _stop_if_idle()


def start_detached(say: Callable[[str], None]) -> Engine:
    """Return an engine that runs until `stop`. Raises as `provide` does."""
    with _exclusively():
        engine = _bring_up(say)
        (_folder() / "keep").touch()
    return engine


def stop() -> bool:
    """Stop our own programs, or leave that to a `provide` that still uses them; return whether they have stopped."""
    with _exclusively():
        (_folder() / "keep").unlink(missing_ok=True)
        return _stop_if_idle()


def ours() -> Engine | None:
    """Return our own engine; `None` when it does not run."""
    host = _host()
    if not (_folder() / "docker.sock").exists() or _info({"DOCKER_HOST": host}) is None:
        return None
    return Engine(host, _buildkit_address(), started=False)


def _bring_up(say: Callable[[str], None]) -> Engine:
    try:
        return _find_or_start(say)
    except BaseException:
        _stop_if_idle()
        raise


def _find_or_start(say: Callable[[str], None]) -> Engine:
    engine = find(runner.variables())
    if engine is None:
        engine = ours() or _find_after_install(say) or _start_dockerd(say)
    if engine.buildkit is None and buildkit.may_run():
        engine = _start_buildkit(engine, say)
    return engine


def _find_after_install(say: Callable[[str], None]) -> Engine | None:
    """Install the missing packages; return the engine that the package started, as it does under systemd."""
    if not debian.may_install():
        raise EngineMissing(
            "No Docker Engine responds",
            why="Neither DOCKER_HOST nor the default socket leads to one, and only root on Debian or Ubuntu can start "
            "one here",
            fix="Start Docker, or set DOCKER_HOST, or run this as root on Debian or Ubuntu",
        )
    complete = all(debian.which(program) for program in _PACKAGES)
    debian.install(_PACKAGES, say, reason="to have a Docker Engine")
    return None if complete else find(runner.variables())


def _start_dockerd(say: Callable[[str], None]) -> Engine:
    folder = _folder()
    if len(str(folder)) > LONGEST_FOLDER:
        raise EngineMissing(
            "The path of the cache folder is too long for an engine's sockets",
            why=f"{folder} has {len(str(folder))} characters, {LONGEST_FOLDER} are possible",
            fix="Set GOLDENPATH_CACHE to a folder with a shorter path",
        )
    say(f"starting a Docker Engine of our own in {folder}")
    _clear_leftovers(folder)
    host = _host()
    _dockerd().start(lambda: _info({"DOCKER_HOST": host}) is not None)
    return Engine(host, None, started=True)


def _clear_leftovers(folder: Path) -> None:
    """Remove the pid files of a killed dockerd: it would trust them, even when other programs have the pids now."""
    runtime = folder / "exec" / "containerd"
    if containerd := debian.which("containerd"):
        daemon.Daemon("containerd", containerd, (), runtime).stop()
    for left in (folder / "dockerd.own.pid", runtime / "containerd.pid", runtime / "containerd.sock"):
        left.unlink(missing_ok=True)


def _start_buildkit(engine: Engine, say: Callable[[str], None]) -> Engine:
    folder = _folder()
    running = _buildkit_address()
    if running is not None:
        return Engine(engine.docker_host, running, started=engine.started)
    buildkitd = buildkit.describe(folder, Toolchain.load(say=say))
    if buildkitd is None:
        return engine
    say(f"starting a BuildKit of our own in {folder}")
    buildkitd.start(lambda: buildkit.is_listening(folder))
    return Engine(engine.docker_host, f"unix://{buildkit.socket_of(folder)}", started=True)


def _buildkit_address() -> str | None:
    folder = _folder()
    return f"unix://{buildkit.socket_of(folder)}" if buildkit.is_listening(folder) else None


def _stop_if_idle() -> bool:
    try:
        with locked(_folder() / "in-use", fcntl.LOCK_EX | fcntl.LOCK_NB):
            _stop_ours()
    except BlockingIOError:
        return False
    return True


def _stop_ours() -> None:
    folder = _folder()
    if (folder / "buildkitd.pid").exists() and (buildkitd := buildkit.describe(folder, Toolchain.load())):
        buildkitd.stop()
    if (folder / "dockerd.pid").exists() and debian.which("dockerd"):
        _dockerd().stop()
    _unmount_leftovers(folder)


def _unmount_leftovers(folder: Path) -> None:
    """Unmount the mounts of killed programs below `folder`, so that it can be deleted."""
    lines = MOUNTS.read_text(encoding="utf-8").splitlines() if MOUNTS.is_file() else []
    places = [place for place in (line.split()[1] for line in lines) if place.startswith(f"{folder}/")]
    for place in reversed(places):
        lazily = ("umount", "--lazy", place)
        process.run(*lazily, timeout=UNMOUNT_SECONDS, environment=debian.search_path(), accept=(0, 32))


def _dockerd() -> daemon.Daemon:
    folder = _folder()
    places = ("--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "dockerd.own.pid")
    arguments = (*map(str, places), "--host", _host())
    return daemon.Daemon("dockerd", str(debian.which("dockerd")), arguments, folder)


def _info(env: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the engine's description of itself; `None` when no engine responds."""
    host = env.get("DOCKER_HOST") or DEFAULT_HOST
    if host.startswith("unix://") and not daemon.listens(Path(host.removeprefix("unix://"))):
        return None
    try:
        with contextlib.closing(docker.from_env(environment=dict(env), timeout=PING_SECONDS)) as client:
            description: dict[str, Any] = client.info()
            return description
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError, ValueError):
        return None


def _folder() -> Path:
    return runner.cache_dir() / "engine"


def _host() -> str:
    return f"unix://{_folder() / 'docker.sock'}"


def _exclusively() -> contextlib.AbstractContextManager[None]:
    """Hold the lock for starting and stopping the engine."""
    return locked(_folder() / "lock", fcntl.LOCK_EX)
