"""What Debian and Ubuntu lend to `goldenpath local`: packages, mirrors and the starter of background programs."""

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
    """One place that apt fetches packages from."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]


def may_install() -> bool:
    """Whether this process is root on a Debian or Ubuntu machine."""
    kinds = f"{about('ID')} {about('ID_LIKE')}".split()
    return os.geteuid() == 0 and bool({"debian", "ubuntu"} & set(kinds)) and which("apt-get") is not None


def about(field: str) -> str:
    """Return a field of os-release(5), empty where there is none."""
    lines = OS_RELEASE.read_text(encoding="utf-8").splitlines() if OS_RELEASE.is_file() else []
    for line in lines:
        name, _, value = line.partition("=")
        if name == field:
            return value.strip("\"'")
    return ""


def search_path() -> dict[str, str]:
    """Return the `PATH` to start system programs with; a user's often lacks the sbin folders."""
    return {"PATH": f"{runner.clean_environment().get('PATH', os.defpath)}:/usr/sbin:/sbin"}


def which(program: str) -> str | None:
    """Return where `program` is, `None` when it is not installed."""
    return shutil.which(program, path=search_path()["PATH"])


def install(programs: Mapping[str, str], say: Callable[[str], None], *, reason: str) -> None:
    """Install the packages of the `programs` (program: package) that are missing here; says so before it does.

    `reason` ends the sentence "installing ... with apt-get". Raises `ToolMissing` when they cannot be installed.
    """
    packages = sorted({package for program, package in programs.items() if which(program) is None})
    if not packages:
        return
    if not may_install():
        raise ToolMissing(
            f"{' and '.join(packages)} must be installed {reason}",
            why="only root on Debian or Ubuntu can do that here",
            fix=f"install {' '.join(packages)}, or run this as root on Debian or Ubuntu",
        )
    say(f"installing {' '.join(packages)} with apt-get {reason}")
    wanted = ("install", "--yes", "--quiet", "--no-install-recommends", *packages)
    try:
        _apt_get(*wanted)
    except ToolFailed:
        _apt_get("update")
        _apt_get(*wanted)


def _apt_get(*arguments: str) -> None:
    calm = {**search_path(), "DEBIAN_FRONTEND": "noninteractive"}
    process.run("apt-get", *arguments, timeout=INSTALL_SECONDS, environment=calm)


def mirror() -> tuple[str, str]:
    """Return the mirror and the suite that this machine installs its own packages from.

    Raises `LocalTrouble` when apt's sources name none for the release this machine runs.
    """
    suite = about("VERSION_CODENAME")
    for source in sources(APT):
        if suite in source.suites and "main" in source.components and source.uri.startswith(("http", "file")):
            return source.uri, suite
    raise LocalTrouble(
        "no package mirror is known for a stand-in base image",
        why=f"no apt source under {APT} names the suite {suite or '(unknown)'} with the component main",
        fix="add this machine's own release to apt's sources, or make Docker Hub reachable",
    )


def sources(apt: Path) -> list[Source]:
    """Return what the folder `apt` lists, in both forms that sources.list(5) describes."""
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
