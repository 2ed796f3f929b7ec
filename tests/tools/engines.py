"""Engines as GitHub's machines have them, one without and one with the containerd image store, and what a user needs.

Ubuntu 24.04 runners have the first, 26.04 the second. Here they are Debian's: of this machine's release, and of trixie,
unpacked into the cache folder. Both start BuildKit from an image that is made of the pinned program.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import tarfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests import waiting

from goldenpath.local.engine import debian
from goldenpath.shared import process, runner
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
RUNC = Path(__file__).with_name("runc_of_this_machine.py")
START_SECONDS = 60.0
NOBODY = 65534
GROUP = "docker"


@dataclass(frozen=True)
class Packages:
    """Where the programs of an engine are: `search` is its part of the search path."""

    dockerd: str
    search: str


@dataclass(frozen=True)
class Engine:
    """A running engine: its address, and whether its images are in containerd's store."""

    host: str
    has_containerd_store: bool


def of_this_machine() -> Packages:
    """Return the engine that is installed here."""
    return Packages(str(debian.which("dockerd")), "")


def of_trixie() -> Packages:
    """Return Debian trixie's engine, fetched by apt, which verifies it, and kept in the cache folder."""
    kept = runner.cache_dir() / "engines" / "trixie"
    if not kept.is_dir():
        part = kept.with_name(f".trixie.{os.getpid()}")
        shutil.rmtree(part, ignore_errors=True)
        _fetch(("docker.io", "containerd"), part)
        with suppress(OSError):
            (part / "root").rename(kept)
        shutil.rmtree(part)
    return Packages(str(kept / "usr/sbin/dockerd"), f"{kept}/usr/bin:{kept}/usr/sbin:")


def _fetch(names: tuple[str, ...], folder: Path) -> None:
    """Unpack Debian packages of trixie into `root` in `folder`, with apt's lists and caches beside it."""
    for place in ("lists/partial", "cache/archives/partial", "empty.d", "root"):
        (folder / place).mkdir(parents=True)
    mirror, _ = debian.mirror()
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror} trixie main\n")
    (folder / "status").touch()
    apart = {
        "Dir::Etc::sourcelist": folder / "sources.list", "Dir::Etc::sourceparts": folder / "empty.d",
        "Dir::Etc::preferencesparts": folder / "empty.d", "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status", "Dir::Cache": folder / "cache", "APT::Sandbox::User": "root",
    }  # fmt: skip
    options = [f"-o{name}={value}" for name, value in apart.items()]
    process.run("apt-get", *options, "update", timeout=300, cwd=folder)
    process.run("apt-get", *options, "download", *names, timeout=300, cwd=folder)
    for package in folder.glob("*.deb"):
        process.run("dpkg-deb", "--extract", package, folder / "root", timeout=120)


@contextmanager
def running(packages: Packages, folder: Path, *, containerd_store: bool) -> Iterator[Engine]:
    """Give an engine whose socket belongs to the group `docker`, with no network, while the block lasts."""
    folder.mkdir()
    config = {"features": {"containerd-snapshotter": True}} if containerd_store else {}
    settings = {
        **config, "data-root": f"{folder}/data", "exec-root": f"{folder}/exec", "pidfile": f"{folder}/pid",
        "hosts": [f"unix://{folder}/s"], "group": GROUP, "bridge": "none", "iptables": False,
        "runtimes": {"here": {"path": str(RUNC)}}, "default-runtime": "here",
    }  # fmt: skip
    (folder / "daemon.json").write_text(json.dumps(settings))
    search = {"PATH": f"{packages.search}{debian.search_path()['PATH']}"}
    command = (packages.dockerd, f"--config-file={folder}/daemon.json")
    child = process.start(*command, environment=search, log=folder / "log")
    try:
        _await(folder / "s", child)
        yield Engine(f"unix://{folder}/s", containerd_store)
    finally:
        process.stop_group(child, patience=30)
        shutil.rmtree(folder, ignore_errors=True)


def _await(path: Path, child: subprocess.Popen[bytes]) -> None:
    log = path.with_name("log")
    waiting.until(lambda: child.poll() is not None or _listens(path), log.read_text, START_SECONDS)
    assert child.poll() is None, log.read_text()[-2000:]


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
        client.connect(str(path))
        return True
    return False


@contextmanager
def image_of_buildkit(folder: Path) -> Iterator[str]:
    """Serve an image of the pinned BuildKit from a registry on loopback; give its name by digest."""
    folder.mkdir()
    toolchain = Toolchain.load()
    crane = toolchain.provide("crane").path
    _write_layer(toolchain, folder / "layer.tar")
    child = process.start(crane, "registry", "serve", "--address=127.0.0.1:0", log=folder / "log")
    try:
        name = f"127.0.0.1:{_port(folder / 'log', child)}/moby/buildkit"
        base = ("append", "--oci-empty-base", "--platform=linux/amd64", f"--new_layer={folder}/layer.tar")
        process.run(crane, *base, f"--new_tag={name}:layer", timeout=60)
        made = ("mutate", "--entrypoint=buildkitd", "--set-platform=linux/amd64", "--env=PATH=/usr/bin")
        pushed = process.run(crane, *made, f"--tag={name}:made", f"{name}:layer", timeout=60)
        yield pushed.stdout.decode().strip()
    finally:
        process.stop_group(child)


def _port(log: Path, child: subprocess.Popen[bytes]) -> str:
    def port() -> str:
        assert child.poll() is None, log.read_text()
        served = re.search(r"serving on port (\d+)", log.read_text())
        return served[1] if served else ""

    return waiting.until(port, log.read_text, START_SECONDS)


def _write_layer(toolchain: Toolchain, file: Path) -> None:
    """Write what BuildKit needs in a container: its programs, runc, and the libraries of that."""
    runc = Path(str(debian.which("runc")))
    needed = process.run("ldd", runc, timeout=10, accept=(0, 1)).stdout.decode()
    programs = {f"usr/bin/{name}": toolchain.provide(name).path for name in ("buildkitd", "buildctl")}
    libraries = {path.lstrip("/"): Path(path) for path in re.findall(r"(/\S+) \(", needed)}
    with tarfile.open(file, "w", dereference=True) as layer:
        for name, path in {**programs, "usr/bin/buildkit-runc": runc, **libraries}.items():
            layer.add(path, name)
        temporary = tarfile.TarInfo("tmp")
        temporary.type, temporary.mode = tarfile.DIRTYPE, 0o1777
        layer.addfile(temporary)


def as_user(*words: str) -> tuple[str, ...]:
    """Return the command that runs `words` as a user who is not root, and may use Docker.

    The tests' own Python is often below root's home: reading there is all that this user may do beyond others.
    """
    may_read = ("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")
    bounded = "--bounding-set=-all,+dac_read_search"
    group = (f"--reuid={NOBODY}", f"--regid={NOBODY}", f"--groups={GROUP}")
    return ("setpriv", *group, *may_read, bounded, "--no-new-privs", *words)
