"""The default work folder is in a folder that everybody may write to: somebody else can make it first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from goldenpath.shared.errors import FolderUntrusted
from tests.attacks import kept_runner
from tests.attacks.attack import Edit, attack
from tests.attacks.kept_runner import Job

if TYPE_CHECKING:
    from pathlib import Path

    from tests.attacks.attack import Scene

CHECK = Edit("src/goldenpath/shared/protection.py", "    if why := _objection(status, closed_to):", '    if why := "":')


def scanned(scene: Scene, theirs: Path) -> None:
    """Scan a clean app at a terminal, and find its files, which later stages believe, in the folder `theirs`."""
    job = Job.on_a_kept_runner(scene)
    job.app.git("reset", "--quiet", "--hard", "HEAD~1")
    shared = {"GOLDENPATH_CACHE": str(kept_runner.shared()), "TMPDIR": str(scene.folder / "tmp")}
    job.step("gitleaks-gate", "--environment=test", **shared)
    assert list(theirs.rglob("gitleaks.verdict.json"))


@attack(18, FolderUntrusted, "cannot be trusted, and nothing was read from it", CHECK)
def a_work_folder_of_another_user(scene: Scene) -> None:
    folder = scene.folder / "tmp" / f"goldenpath-{os.getuid()}"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    if os.getuid() == 0:
        os.chown(folder, 12345, 12345)
    scanned(scene, folder)


@attack(18, FolderUntrusted, "it is a symbolic link", CHECK)
def a_link_in_the_place_of_the_work_folder(scene: Scene) -> None:
    theirs = scene.folder / "theirs"
    theirs.mkdir()
    (scene.folder / "tmp").mkdir()
    (scene.folder / "tmp" / f"goldenpath-{os.getuid()}").symlink_to(theirs)
    scanned(scene, theirs)
