"""Which programs a whole delivery starts: a number that no load of the machine changes."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.shared import process

if TYPE_CHECKING:
    from tests.tools.apps import App
    from tests.tools.conftest import Inside

    from goldenpath.delivery.model.work_folder import WorkFolder

pytestmark = pytest.mark.tools

# At most so many of each. What is not here is not started at all.
PROGRAMS = Counter(git=29, gitleaks=1, buildx=3, trivy=2, syft=1)
SCANNERS = ("gitleaks", "trivy", "syft")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Every program that we start from now on."""
    seen, start = Counter[str](), process.start

    def counted(*command: object, **options: object) -> object:
        seen[Path(str(command[0])).name] += 1
        return start(*command, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(process, "start", counted)
    return seen


def git_that_writes(log: Path) -> str:
    """Return a search path with a git that adds a line to the file `log`, whoever starts it, buildx too."""
    folder = log.with_name("bin")
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\necho "$*" >> "{log}"\nexec "{shutil.which("git")}" "$@"\n')
    (folder / "git").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_a_delivery_starts_few_programs_and_nobody_starts_others_for_it(
    inside: Inside, app: App, work: WorkFolder, repository: str, tmp_path: Path, started: Counter[str]
) -> None:
    words = ("--environment=dev", f"--ecr-repository={repository}", f"--source={app.folder}", f"--work-dir={work.path}")
    more = {"PATH": git_that_writes(tmp_path / "gits")}
    assert inside("deliver", *words, more=more).code == 0
    assert started <= PROGRAMS
    assert all(started[each] for each in SCANNERS)
    assert len((tmp_path / "gits").read_text().splitlines()) == started["git"]


def test_a_secret_is_told_by_one_scanner_and_nothing_else_but_git(
    inside: Inside, app: App, work: WorkFolder, repository: str, started: Counter[str]
) -> None:
    app.plant_secret()
    started.clear()
    words = ("--environment=prod", f"--ecr-repository={repository}", f"--source={app.folder}")
    assert inside("deliver", *words, f"--work-dir={work.path}").code == 10
    assert started <= Counter(git=PROGRAMS["git"] - 9, gitleaks=1), started
