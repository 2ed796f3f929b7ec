"""An organisation's own copy of this repository: one command names it, and what names it passes its tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.tools.command import ROOT, Ended

from goldenpath.shared.names import PLATFORM

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tools
NAME, TEAM = "an-organisation/its-platform", "an-organisation/owners"
PATIENCE = 300


def run(copy: Path, *words: str) -> Ended:
    """Run Python in the copy, with the copy's own modules."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, *words], cwd=copy, env={**variables, "PYTHONPATH": "src:."},
        capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout + done.stderr)


def git(copy: Path, *words: str) -> str:
    somebody = ("-c", "user.name=N", "-c", "user.email=n@example.com")
    done = subprocess.run(["git", *somebody, *words], cwd=copy, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this repository as one commit, renamed."""
    folder = tmp_path_factory.mktemp("renamed") / "platform"
    for name in git(ROOT, "ls-files", "-z").rstrip("\0").split("\0"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message=All")
    run(folder, "dev/rename.py", NAME, f"--team={TEAM}").ok()
    return folder


def test_nothing_of_the_old_name_is_left(copy: Path) -> None:
    assert git(copy, "grep", "--untracked", "-lF", PLATFORM) == ""
    owners = (copy / ".github" / "CODEOWNERS").read_text()
    assert f"/src/ @{TEAM}\n" in owners
    assert PLATFORM.partition("/")[0] not in owners


def test_checks_and_the_tests_that_name_it_pass_under_the_new_name(copy: Path) -> None:
    run(copy, "-m", "ruff", "check", ".").ok()
    run(copy, "-m", "ruff", "format", "--check", ".").ok()
    naming = git(copy, "grep", "-lF", NAME, "--", "tests/unit/**.py", "tests/contract/**.py").split()
    assert naming
    run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/delivery/adoption", *naming).ok()


def test_a_checkout_with_changes_is_refused(copy: Path) -> None:
    ended = run(copy, "dev/rename.py", "another/name")
    assert "there are changes that are not committed" in ended.text
    assert git(copy, "grep", "-lF", "another/name", "--", "src", ".github") == ""


@pytest.mark.parametrize("name", ["no-owner", "a/b/c", "a/b c", "a/$(id)", ""])
def test_what_is_no_name_of_a_repository_is_refused(name: str) -> None:
    ended = run(ROOT, "dev/rename.py", name)
    assert (ended.code, "is not of the form OWNER/NAME" in ended.text) == (2, True)
