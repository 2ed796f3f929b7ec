"""An engine, a BuildKit and a registry of the benchmark's own, in a temporary folder, gone with the block."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from goldenpath.local import state
from goldenpath.local.control import HEALTH, SEED, Seed
from goldenpath.local.engine import buildkit, daemon, debian, engine
from goldenpath.local.vulnerabilities import vulnerability_db
from goldenpath.shared import process, runner
from goldenpath.shared.errors import ToolMissing
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.local.state import LocalState

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("gitleaks", "trivy", "syft")
_ROLE, _BUILDER = "bench", "bench"
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_QUICK, _SLOW = 120.0, 600.0
_LINE = re.compile(r'(?P<at>[-0-9]+ [0-9:]+,[0-9]+) INFO (?P<api>info: )?"[A-Z]+ (?P<path>\S+)')
_CONTROL = (HEALTH, SEED)
# What the cache folder holds that no delivery made: programs and environments. All else is kept results.
_WARM = ("tools", "env")


@dataclass(frozen=True)
class Request:
    """A request that a server of the benchmark responded to, at a moment, in seconds since 1970."""

    at: float
    is_api: bool


class Services:
    """What both sides use."""

    def __init__(self, folder: Path, toolchain: Toolchain, running: LocalState) -> None:
        self.folder = folder
        self.toolchain = toolchain
        self.registry = running
        self.kept_cache = runner.cache_dir()
        self.docker_host = f"unix://{folder / 'docker.sock'}"
        self.buildkit = f"unix://{buildkit.socket_of(folder)}"
        self.database = vulnerability_db.write_database(self.kept_cache / "bench" / "trivy")

    @property
    def daemons(self) -> list[int]:
        """The ids of the processes that work for a delivery beside the command itself."""
        containerd = self.folder / "exec" / "containerd" / "containerd.pid"
        files = (self.folder / "dockerd.pid", self.folder / "buildkitd.pid", containerd)
        # An engine uses the containerd of the machine where one runs; then others use it too, and it is not counted.
        return [int(file.read_text()) for file in files if file.exists()]

    def variables(self) -> dict[str, str]:
        """Return what both sides find in their environment."""
        return {
            "PATH": f"{self.folder / 'bin'}:{_SYSTEM_PATH}",
            "LANG": "C.UTF-8",
            "DOCKER_HOST": self.docker_host,
            "DOCKER_CONFIG": str(self.folder / "docker"),
        }

    def recipe_variables(self) -> dict[str, str]:
        """Return the environment of the recipe."""
        return {**self.variables(), "BUILDX_BUILDER": _BUILDER}

    def our_variables(self, cache: Path, trivy: Path) -> dict[str, str]:
        """Return the environment of `goldenpath deliver`, with its own `cache` folder and trivy's."""
        return {
            **self.variables(),
            **self.registry.environment,
            "GOLDENPATH_BUILDKIT": self.buildkit,
            "GOLDENPATH_CACHE": str(cache),
            "GOLDENPATH_TRIVY_CACHE": str(trivy),
            "GOLDENPATH_AWS_REGION": self.registry.region,
            "GOLDENPATH_ROLE_ARN": f"arn:aws:iam::{self.registry.account}:role/{_ROLE}",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def prepare(self) -> None:
        """Put the programs where both sides find them, and log the recipe's docker in."""
        for name in ("bin", "docker/cli-plugins"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in PROGRAMS:
            (self.folder / "bin" / name).symlink_to(self.toolchain.provide(name).path)
        # Not a shim of pyenv or asdf, whose shell takes longer than what it starts.
        (self.folder / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
        buildx = self.toolchain.provide("buildx").path
        (self.folder / "docker" / "cli-plugins" / "docker-buildx").symlink_to(buildx)
        self._log_in()
        # A machine that delivered before has our packages, and our modules in compiled form.
        runtime = process.run("python3", "-I", ROOT / "bin" / "environment", "runtime", timeout=_SLOW)
        python = runtime.stdout.decode().strip()
        process.run(python, "-m", "compileall", "-q", ROOT / "src", timeout=_QUICK)
        words = ("create", "--name", _BUILDER, "--driver", "remote", self.buildkit)
        process.run(buildx, *words, timeout=_QUICK, environment=self.variables())

    def _log_in(self) -> None:
        registry = self.registry
        session = boto3.Session(registry.admin_key_id, registry.admin_key_secret, region_name=registry.region)
        ecr = session.client("ecr", endpoint_url=registry.environment["AWS_ENDPOINT_URL"])
        token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        assert base64.b64decode(token).startswith(b"AWS:")  # noqa: S101
        logins = {"auths": {registry.registry_host: {"auth": token}}}
        (self.folder / "docker" / "config.json").write_text(json.dumps(logins))

    def repository(self, name: str) -> None:
        """Make the ECR repository `name`."""
        state.up(self.folder / "emulator", seed=Seed(repositories=(name,)))

    def empty_cache(self, folder: Path) -> Path:
        """Return a new cache folder in which the programs are, and nothing that a delivery made."""
        folder.mkdir(parents=True)
        for name in _WARM:
            (folder / name).symlink_to(self.kept_cache / name)
        return folder

    def new_trivy_cache(self, folder: Path) -> Path:
        """Return a new cache folder of trivy with the database."""
        for name in ("db", "java-db"):
            shutil.copytree(self.database / name, folder / name)
        return folder

    def forget(self) -> None:
        """Empty the engine's images and BuildKit's cache."""
        with_engine = self.recipe_variables()
        process.run("docker", "system", "prune", "--all", "--force", timeout=_QUICK, environment=with_engine)
        buildx = self.toolchain.provide("buildx").path
        words = ("prune", "--all", "--force", "--builder", _BUILDER)
        process.run(buildx, *words, timeout=_QUICK, environment=with_engine)

    def log_size(self) -> int:
        """Return where the log of the servers ends now."""
        return self._log.stat().st_size

    def requests(self, offset: int) -> list[Request]:
        """Return the requests that the servers responded to since their log ended at `offset`."""
        with self._log.open("rb") as file:
            file.seek(offset)
            return read_requests(file.read().decode("utf-8", "replace"))

    @property
    def _log(self) -> Path:
        return self.folder / "emulator" / "local.log"


def read_requests(log: str) -> list[Request]:
    """Return the requests that a `log` of the servers tells of, without those by which they are started."""
    return [
        Request(datetime.strptime(match["at"], "%Y-%m-%d %H:%M:%S,%f").astimezone().timestamp(), bool(match["api"]))
        for match in _LINE.finditer(log)
        if match["path"].startswith("/v2/") or (match["api"] and match["path"] not in _CONTROL)
    ]


@contextmanager
def running(folder: Path) -> Iterator[Services]:
    """Give the services with their files in `folder`, which must have a short path, while the block lasts."""
    if not debian.may_install():
        raise SystemExit("make bench needs root on Debian or Ubuntu: it starts an engine and a BuildKit of its own")
    debian.install({"dockerd": "docker.io"}, print, reason="to have a Docker Engine")
    toolchain = Toolchain.load(say=print)
    builder = buildkit.describe(folder, toolchain)
    if builder is None:
        raise ToolMissing("buildkitd cannot be obtained", fix="see `goldenpath tools install`")
    docker = _dockerd(folder)
    try:
        docker.start(lambda: daemon.listens(folder / "docker.sock"))
        builder.start(lambda: buildkit.is_listening(folder))
        services = Services(folder, toolchain, state.up(folder / "emulator", seed=Seed(roles=(_ROLE,)), say=print))
        services.prepare()
        yield services
    finally:
        state.down(folder / "emulator")
        builder.stop()
        docker.stop()
        _unmount(folder)


def _dockerd(folder: Path) -> daemon.Daemon:
    """Return an engine without a network of its own: it loads images and pushes them, and runs no container."""
    places = ("--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "own.pid")
    words = (*map(str, places), "--host", f"unix://{folder / 'docker.sock'}", "--bridge=none", "--iptables=false")
    return daemon.Daemon("dockerd", str(debian.which("dockerd")), words, folder)


def _unmount(folder: Path) -> None:
    lines = engine.MOUNTS.read_text(encoding="utf-8").splitlines()
    for place in reversed([line.split()[1] for line in lines]):
        if place.startswith(f"{folder}/"):
            process.run("umount", "--lazy", place, timeout=_QUICK, accept=(0, 32))
    os.sync()
