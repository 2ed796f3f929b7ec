"""The Docker CLI's own configuration, in the project's cache folder: buildx as its plugin, and our builder in it."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.shared import codec, process, runner

if TYPE_CHECKING:
    from goldenpath.local.engine.engine import Engine
    from goldenpath.shared.toolchain import Toolchain

CREATE_SECONDS = 60.0
_SHARED = ("config.json", "contexts")


def cli_plugin_config(toolchain: Toolchain) -> Path:
    """Return a folder to name in DOCKER_CONFIG: the user's own logins and contexts, and our buildx as the plugin."""
    folder = runner.cache_dir() / "docker-cli"
    theirs = Path(runner.variables().get("DOCKER_CONFIG") or Path.home() / ".docker").absolute()
    for name in _SHARED:
        if theirs != folder and (theirs / name).exists():
            _link(folder / name, theirs / name)
        elif (folder / name).is_symlink():
            (folder / name).unlink()
    if not (folder / "config.json").exists():
        codec.write_bytes(folder / "config.json", b"{}\n")
    _link(folder / "cli-plugins" / "docker-buildx", toolchain.provide("buildx").path)
    return folder


def environment(engine: Engine, toolchain: Toolchain) -> dict[str, str]:
    """Return the variables with which `docker`, `docker buildx` and `buildx` itself build on `engine`."""
    config = cli_plugin_config(toolchain)
    variables = {"DOCKER_CONFIG": str(config)}
    if engine.docker_host:
        variables["DOCKER_HOST"] = engine.docker_host
    if engine.buildkit:
        variables["BUILDX_BUILDER"] = _builder(engine.buildkit, config, toolchain)
    return variables


def _builder(address: str, config: Path, toolchain: Toolchain) -> str:
    """Return the name under which buildx knows the BuildKit at `address`."""
    name = "goldenpath-" + hashlib.sha256(address.encode()).hexdigest()[:12]
    if not (config / "buildx" / "instances" / name).exists():
        create = ("create", "--name", name, "--driver", "remote", address)
        buildx = toolchain.provide("buildx").path
        process.run(buildx, *create, timeout=CREATE_SECONDS, environment={"DOCKER_CONFIG": str(config)})
    return name


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    part = link.with_name(f".{link.name}.{os.getpid()}.part")
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    part.symlink_to(target)
    part.replace(link)
