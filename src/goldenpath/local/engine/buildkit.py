"""A BuildKit of our own, of the version that builds everywhere, where no container is needed for it.

It runs as root beside the engine, on a socket of its own, and uses the runc that every Docker Engine brings. Keys of
its configuration: https://docs.docker.com/build/buildkit/toml-configuration/
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from goldenpath.local.engine import daemon, debian
from goldenpath.shared import codec
from goldenpath.shared.errors import ToolMissing

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.shared.toolchain import Toolchain

# The host's network, so that RUN steps reach package registries by whatever way this machine reaches them.
_CONFIG = """\
root = "{root}"
[grpc]
  address = ["unix://{socket}"]
[worker.oci]
  enabled = true
  binary = "{runc}"
  networkMode = "host"
  gc = true
  maxUsedSpace = "10GB"
[worker.containerd]
  enabled = false
"""


def may_run() -> bool:
    """Whether this process may start a BuildKit: it needs root, and the runc of an engine."""
    return os.geteuid() == 0 and debian.which("runc") is not None and debian.which("start-stop-daemon") is not None


def describe(folder: Path, toolchain: Toolchain) -> daemon.Daemon | None:
    """Return the daemon with its files in `folder`; `None` when the program buildkitd cannot be had."""
    try:
        program = toolchain.provide("buildkitd").path
    except ToolMissing:
        return None
    config = folder / "buildkitd.toml"
    text = _CONFIG.format(root=folder / "buildkit", socket=socket_of(folder), runc=debian.which("runc"))
    codec.write_bytes(config, text.encode())
    return daemon.Daemon("buildkitd", str(program), ("--config", str(config)), folder)


def socket_of(folder: Path) -> Path:
    """Return where a BuildKit with its files in `folder` listens."""
    return folder / "buildkitd.sock"


def is_listening(folder: Path) -> bool:
    """Whether a BuildKit with its files in `folder` accepts connections."""
    return daemon.listens(socket_of(folder))
