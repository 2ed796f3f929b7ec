"""Our own BuildKit, which runs without a container, in the version that the workflows use.

It runs as root beside the engine, on a socket of its own, and uses the runc that every Docker Engine contains. Keys of
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

# The host's network, so that RUN steps reach package registries in the same way as this machine.
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
    """Return whether this process can start a BuildKit: it needs root, and the runc of an engine."""
    return os.geteuid() == 0 and debian.which("runc") is not None and debian.which("start-stop-daemon") is not None


def describe(folder: Path, toolchain: Toolchain) -> daemon.Daemon | None:
    """Return the daemon with its files in `folder`; `None` when the program buildkitd is not available."""
    try:
        program = toolchain.provide("buildkitd").path
    except ToolMissing:
        return None
    config = folder / "buildkitd.toml"
    text = _CONFIG.format(root=folder / "buildkit", socket=socket_of(folder), runc=debian.which("runc"))
    codec.write_bytes(config, text.encode())
    return daemon.Daemon("buildkitd", str(program), ("--config", str(config)), folder)


def socket_of(folder: Path) -> Path:
    """Return the socket of the BuildKit with its files in `folder`."""
    return folder / "buildkitd.sock"


def is_listening(folder: Path) -> bool:
    """Return whether the BuildKit with its files in `folder` accepts connections."""
    return daemon.listens(socket_of(folder))
