"""A run that begins with its modules loaded does what the command does from its start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests import waiting
from tests.tools import command, prepared
from tests.tools.command import ROOT, Command
from tests.tools.prepared import Request

pytestmark = pytest.mark.tools

COMMAND = Command(command.surroundings())
# Its thread ends after the main one, and says so before what is left for the end.
ENDING = """
import atexit, sys, threading
from tests.tools.prepared import Ending

def command():
    threading.Thread(target=lambda: (threading.main_thread().join(), print("thread"))).start()
    {ends}

ending = Ending()
atexit.register(ending.end_here)
atexit.register(print, "at exit")
ending.of(command)
"""


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (["--help"], {}),
        (["no-command"], {}),
        (["gitleaks-gate", "--environment=mars", "--source=."], {}),
        (["gitleaks-gate", "--source=."], {"GOLDENPATH_ENVIRONMENT": "mars"}),
        (["gitleaks-gate", "--environment=dev", "--source=not-there"], {}),
        (["build", "--environment=dev", "--source=.", "--build-args=\udcff"], {}),
        (["deliver", "--help"], {"COLUMNS": "60"}),
    ],
    ids=str,
)
def test_it_prints_what_the_command_prints_and_ends_alike(
    words: list[str], more: dict[str, str], tmp_path: Path
) -> None:
    assert COMMAND.run(*words, more=more, cwd=tmp_path) == COMMAND.run_from_its_start(*words, more=more, cwd=tmp_path)


def test_it_has_its_own_variables_and_nothing_of_the_run_before(tmp_path: Path) -> None:
    words = ("gitleaks-gate", "--source=.")
    first = COMMAND.run(*words, more={"GOLDENPATH_ENVIRONMENT": "mars"}, cwd=tmp_path)
    second = COMMAND.run(*words, cwd=tmp_path)
    assert "mars" in first.text
    assert "mars" not in second.text


def test_one_that_takes_too_long_is_killed_and_the_next_one_runs(tmp_path: Path) -> None:
    git, stopped = tmp_path / "git", tmp_path / "stopped"
    git.write_text(f"#!/bin/sh\nkill -STOP $PPID\necho $PPID > {stopped}\n")
    git.chmod(0o755)
    variables = {**COMMAND.variables, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    request = Request(["gitleaks-gate", "--environment=dev", "--source=."], variables, str(tmp_path))
    forks = prepared.prepared(request)
    assert forks is not None
    with pytest.raises(subprocess.TimeoutExpired):
        forks.run(request, 3)
    run = Path("/proc", stopped.read_text().strip())
    waiting.until(lambda: not run.exists(), lambda: f"{run} is there", 30)
    COMMAND.run("--help").ok()


@pytest.mark.parametrize("word", ["a\0b", "\ud800"], ids=ascii)
def test_what_no_program_can_be_given_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"null byte|surrogates not allowed"):
        COMMAND.run(word)


@pytest.mark.parametrize(
    "more",
    [
        {"TZ": "Asia/Tokyo"},
        {"LC_ALL": "C"},
        {"PYTHONPATH": "x"},
        {"COVERAGE_PROCESS_START": "x"},
        {"GOLDENPATH_VERSION": "1" * 200_000},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_run_begins_by_itself_where_its_start_would_differ(more: dict[str, str]) -> None:
    assert prepared.prepared(Request([], {**COMMAND.variables, **more}, "/")) is None


@pytest.mark.parametrize(
    ("ends", "code"),
    [("sys.exit(0)", 0), ("sys.exit(3)", 3), ("sys.exit()", 0), ("sys.exit('why')", 1), ("1 / 0", 1)],
)
def test_it_ends_after_its_threads_and_what_is_left_for_the_end(ends: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDING.format(ends=ends)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (code, "thread\nat exit\n")
    assert ("ZeroDivisionError" in done.stderr) is ("/" in ends)
