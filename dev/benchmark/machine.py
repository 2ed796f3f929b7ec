"""Which machine this is and which programs it has, without its name or a path."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from dev.benchmark.model import Machine

from goldenpath.local.engine import debian
from goldenpath.shared import process

if TYPE_CHECKING:
    from dev.benchmark.services import Services

_PIPELINE = ("gitleaks", "buildx", "trivy", "syft")
_QUICK = 20.0


def describe() -> Machine:
    """Return this machine."""
    return Machine(
        system=debian.about("PRETTY_NAME"),
        processor=_field("/proc/cpuinfo", "model name") or platform.machine(),
        cores=os.cpu_count() or 1,
        memory=int(_field("/proc/meminfo", "MemTotal").split()[0]) << 10,
    )


def programs(services: Services) -> dict[str, str]:
    """Return the version of each program that takes part."""
    pinned = {entry.name: entry.version for entry in services.toolchain.entries()}
    asked = ("docker", "version", "--format={{.Client.Version}} {{.Server.Version}}")
    docker = process.run(*asked, timeout=_QUICK, environment=services.variables()).stdout.decode().split()
    git = process.run("git", "--version", timeout=_QUICK).stdout.decode().split()
    return {
        **{name: pinned[name] for name in _PIPELINE},
        "BuildKit": pinned["buildkitd"],
        "registry": pinned["registry"],
        "docker": docker[0],
        "Docker Engine": docker[1],
        "git": git[2],
        "Python": platform.python_version(),
    }


def commit(root: Path) -> str:
    """Return the short name of the commit that is measured, with `+` where files differ from it."""
    words = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--exclude=*", "--abbrev=7"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def _field(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
