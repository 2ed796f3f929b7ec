"""Repositories whose objects are named by SHA-256, and a git that makes such ones by default, as Git 3.0 does."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.tools.delivery.stages.test_gitleaks_gate import found, scan

from goldenpath.delivery.checkout import checkout
from goldenpath.delivery.model.finding import Gate
from goldenpath.shared import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.apps import App
    from tests.tools.command import Command

    from goldenpath.delivery.model.work_folder import WorkFolder

pytestmark = pytest.mark.tools


@pytest.fixture
def git_of_tomorrow(tmp_path: Path) -> dict[str, str]:
    """The variables by which this machine's git makes SHA-256 repositories where nothing else is said."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nGIT_DEFAULT_HASH=sha256 exec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


def in_format(folder: Path, form: str) -> App:
    made = apps.uncommitted(folder)
    shutil.rmtree(folder / ".git")
    made.git("init", "--quiet", "--initial-branch=main", f"--object-format={form}")
    made.git("remote", "add", "origin", f"https://github.com/{made.slug}.git")
    made.save("The app")
    return made


@pytest.mark.parametrize(("form", "length"), [("sha1", 40), ("sha256", 64)])
def test_a_secret_is_found_whatever_names_the_objects(
    goldenpath: Command, work: WorkFolder, tmp_path: Path, git_of_tomorrow: dict[str, str], form: str, length: int
) -> None:
    made = in_format(tmp_path / "app", form)
    made.plant_secret()
    planted = made.commit
    assert len(planted) == length
    done = scan(goldenpath, made, work, **git_of_tomorrow)
    assert done.code == 10, done.text
    assert found(work) == [("github-pat", "config.py")]
    (finding,) = work.read_findings(Gate.GITLEAKS).findings
    assert finding.location.commit == planted


def test_a_checkout_in_sha_256_is_compared_by_its_own_hash(tmp_path: Path) -> None:
    made = in_format(tmp_path / "app", "sha256")
    assert checkout.read(made.folder, made.commit).other == ()
    made.write("Dockerfile", "FROM scratch\n")
    assert [each.path for each in checkout.read(made.folder, made.commit).other] == ["Dockerfile"]


def test_a_history_of_its_own_has_the_format_of_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git_of_tomorrow: dict[str, str]
) -> None:
    made = in_format(tmp_path / "app", "sha1")
    monkeypatch.setenv("PATH", git_of_tomorrow["PATH"])
    history = git.history_alone(made.folder, tmp_path / "history")
    assert git.run(history, "rev-parse", "--show-object-format") == "sha1"
    assert git.has(history, made.commit)
