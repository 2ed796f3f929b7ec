"""What breaks under a run, a scanner or the disk, is told as that; nothing is released on what is not known."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools.mistakes import untouched

from goldenpath.delivery.scanners import scanner
from goldenpath.shared.toolchain import Program, Toolchain

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.command import Command
    from tests.tools.conftest import Inside

    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

RUBBISH = """last=
for word; do
  case $last in --report-path|--output) echo '{"rubbish":' > "${word#*=}";; esac
  last=$word
done
"""
FAULTS = {
    "crashes": ("echo something broke >&2; exit 3\n", "ended with exit status 3. something broke"),
    "is killed": ("kill -9 $$\n", "ended with exit status -9"),
    "writes rubbish": (RUBBISH, "report cannot be read"),
    "writes nothing": ("exit 0\n", "No such file or directory"),
    "hangs": ("sleep 60\n", "did not end within 0.5 seconds and was stopped"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["gitleaks", "trivy", "syft"])
def test_a_scanner_that_fails_is_neither_a_finding_nor_a_pass(
    inside: Inside, emulator: Local, app: App, work: WorkFolder, repository: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, name: str, fault: str,
) -> None:  # fmt: skip
    script, why = FAULTS[fault]
    program = tmp_path / name
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(0o755)
    provide = Toolchain.provide

    def planted(toolchain: Toolchain, wanted: str) -> Program:
        return Program(name, "1.0", program, "release") if wanted == name else provide(toolchain, wanted)

    monkeypatch.setattr(Toolchain, "provide", planted)
    if fault == "hangs":
        limit_only(monkeypatch, name)
    done = inside(
        "deliver", "--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}",
        f"--work-dir={work.path}",
    )  # fmt: skip
    assert (done.code, done.error["code"]) == (11, "scanner-failed"), done.text
    assert done.error["what"].startswith(f"{name} did not finish its work")
    assert why in done.error["why"]
    assert not (work.path / f"{name}.verdict.json").exists()
    assert untouched(emulator, repository)


def limit_only(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Lower the time limit while the scanner `name` runs; the others keep theirs."""
    folder = scanner.empty_folder

    def limited(which: str) -> object:
        monkeypatch.setattr(scanner, "TIMEOUT", 0.5 if which == name else 60.0)
        return folder(which)

    monkeypatch.setattr(scanner, "empty_folder", limited)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a disk of so many KB."""
    if os.geteuid() != 0:
        pytest.skip("a small disk can be mounted by root only")
    place = tmp_path / "disk"
    place.mkdir()

    def mount(size: int) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(place)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("this machine lets nobody mount a disk")
        return place

    yield mount
    subprocess.run(["umount", "--lazy", str(place)], check=False, capture_output=True)


@pytest.mark.parametrize("room", [4, 64, 900])
def test_a_full_disk_is_told_as_such_wherever_it_is_met(
    goldenpath: Command, emulator: Local, app: App, repository: str, disk: Callable[[int], Path], room: int
) -> None:
    app.write("rootfs/large", os.urandom(1 << 20)).save()
    work = disk(room) / "work"
    done = goldenpath.run(
        "deliver", "--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}",
        f"--work-dir={work}",
    )  # fmt: skip
    assert (done.code, done.error["code"]) == (7, "disk-trouble"), done.text
    assert "no space left on device" in done.error["why"].lower()
    assert untouched(emulator, repository)


def test_a_disk_that_fills_up_before_the_push_leaves_the_registry_as_it_was(
    goldenpath: Command, emulator: Local, checked: tuple[App, WorkFolder], repository: str, disk: Callable[[int], Path]
) -> None:
    app, original = checked
    work = disk(200) / "work"
    subprocess.run(["cp", "-r", str(original.path), str(work)], check=True)
    (work / "filler").touch()
    free = os.statvfs(work)
    with (work / "filler").open("wb") as filler:
        filler.write(b"\0" * (free.f_bavail * free.f_frsize))
    done = goldenpath.run(
        "ecr-push", "--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}",
        f"--work-dir={work}",
    )  # fmt: skip
    assert (done.code, done.error["code"]) == (7, "disk-trouble"), done.text
    assert untouched(emulator, repository)
