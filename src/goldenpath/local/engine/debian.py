"""Use Debian and Ubuntu: install packages with apt-get, and read the package mirror and the release of this machine."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.shared import process, runner
from goldenpath.shared.errors import LocalTrouble, ToolFailed, ToolMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

OS_RELEASE = Path("/etc/os-release")
APT = Path("/etc/apt")
INSTALL_SECONDS = 600.0


@dataclass(frozen=True)
class Source:
    """One source of apt's packages."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]


def may_install() -> bool:
    """Return whether this process is root on a Debian or Ubuntu machine."""
    kinds = f"{about('ID')} {about('ID_LIKE')}".split()
    return os.geteuid() == 0 and bool({"debian", "ubuntu"} & set(kinds)) and which("apt-get") is not None


def about(field: str) -> str:
    """Return a field of os-release(5); empty when it is missing."""
    lines = OS_RELEASE.read_text(encoding="utf-8").splitlines() if OS_RELEASE.is_file() else []
    for line in lines:
        name, _, value = line.partition("=")
        if name == field:
            return value.strip("\"'")
    return ""


def search_path() -> dict[str, str]:
    """Return a `PATH` for system programs; a user's `PATH` often lacks the sbin folders."""
    return {"PATH": f"{runner.clean_environment().get('PATH', os.defpath)}:/usr/sbin:/sbin"}


def which(program: str) -> str | None:
    """Return the path of `program`; `None` when it is not installed."""
    return shutil.which(program, path=search_path()["PATH"])


def install(programs: Mapping[str, str], say: Callable[[str], None], *, reason: str) -> None:
    """Install the packages of missing `programs` (program: package); calls `say` before it does.

    `reason` ends the sentence "installing ... with apt-get". Raises `ToolMissing` when they cannot be installed.
    """
    packages = sorted({package for program, package in programs.items() if which(program) is None})
    if not packages:
        return
    if not may_install():
        raise ToolMissing(
            f"{' and '.join(packages)} must be installed {reason}",
            why="Only root on Debian or Ubuntu can do that here",
            fix=f"Install {' '.join(packages)}, or run this as root on Debian or Ubuntu",
        )
    say(f"installing {' '.join(packages)} with apt-get {reason}")
    wanted = ("install", "--yes", "--quiet", "--no-install-recommends", *packages)
    try:
        _apt_get(*wanted)
    except ToolFailed:
        _apt_get("update")
        _apt_get(*wanted)


def _apt_get(*arguments: str) -> None:
    unattended = {**search_path(), "DEBIAN_FRONTEND": "noninteractive"}
    process.run("apt-get", *arguments, timeout=INSTALL_SECONDS, environment=unattended)


def mirror() -> tuple[str, str]:
    """Return the mirror and the suite of this machine's packages.

    Raises `LocalTrouble` when apt's sources name no mirror for the release of this machine.
    """
    suite = about("VERSION_CODENAME")
    for source in sources(APT):
        if suite in source.suites and "main" in source.components and source.uri.startswith(("http", "file")):
            return source.uri, suite
    raise LocalTrouble(
        "No package mirror is known for a stand-in base image",
        why=f"No apt source under {APT} names the suite {suite or '(unknown)'} with the component main",
        fix="Add this machine's own release to apt's sources, or make Docker Hub reachable",
    )


def sources(apt: Path) -> list[Source]:
    """Return the sources in the folder `apt`, in both formats of sources.list(5)."""
    listed: list[Source] = []
    for path in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))):
        if path.suffix == ".list" and path.is_file():
            listed += _one_line(path.read_text(encoding="utf-8", errors="replace"))
        elif path.suffix == ".sources" and path.is_file():
            listed += _deb822(path.read_text(encoding="utf-8", errors="replace"))
    return listed


def _one_line(text: str) -> Iterable[Source]:
    for line in text.splitlines():
        options, _, rest = line.partition("]") if "[" in line else ("deb", "", line.removeprefix("deb "))
        words = rest.split()
        enough = 3
        if options.split(maxsplit=1)[:1] == ["deb"] and line.startswith("deb ") and len(words) >= enough:
            yield Source(words[0], (words[1],), tuple(words[2:]))


def _deb822(text: str) -> Iterable[Source]:
    for stanza in text.split("\n\n"):
        fields: dict[str, str] = {}
        for line in stanza.splitlines():
            name, colon, value = line.partition(":")
            if colon and not line.startswith(("#", " ", "\t")):
                fields[name.strip().lower()] = value.strip()
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no":
            suites, components = fields.get("suites", "").split(), fields.get("components", "").split()
            for uri in fields.get("uris", "").split():
                yield Source(uri, tuple(suites), tuple(components))
