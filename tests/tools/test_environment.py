"""`bin/environment`: the Python packages of a runner, by hash, once, whoever asks at the same time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.tools.command import ROOT

pytestmark = pytest.mark.tools

SECONDS = 300
# The environment of the tests may have no pip of its own; the Python it was made from does what a runner's does.
PYTHON = getattr(sys, "_base_executable", sys.executable)


def start(cache: Path, *words: str, script: Path = ROOT / "bin" / "environment") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PYTHON, str(script), *words], env={**os.environ, "GOLDENPATH_CACHE": str(cache)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def copy(folder: Path, lock: str) -> Path:
    """Return the script in a checkout of its own, whose runtime list is `lock`."""
    (folder / "bin").mkdir(parents=True)
    (folder / "locks").mkdir()
    (folder / "locks" / "runtime.txt").write_text(lock)
    return Path(shutil.copy(ROOT / "bin" / "environment", folder / "bin"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[str]]:
    """A cache folder in which two processes asked for the environment at once, and what each said."""
    cache = tmp_path_factory.mktemp("cache")
    both = [start(cache, "runtime") for _ in range(2)]
    said = [each.communicate(timeout=SECONDS) for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    return cache, [out.strip() for out, _ in said], [err for _, err in said]


def test_two_that_ask_at_once_get_one_environment_that_one_of_them_made(
    made: tuple[Path, list[str], list[str]],
) -> None:
    _, interpreters, told = made
    assert interpreters[0] == interpreters[1]
    assert ["installing" in text for text in sorted(told)] == [False, True]


def test_every_package_of_the_list_is_there_and_can_be_used(made: tuple[Path, list[str], list[str]]) -> None:
    words = [made[1][0], "-I", str(ROOT / "src" / "goldenpath"), "--version"]
    assert subprocess.run(words, check=True, capture_output=True, text=True).stdout.startswith("goldenpath, version ")


def test_the_second_time_nothing_is_done(made: tuple[Path, list[str], list[str]]) -> None:
    began = time.monotonic()
    out, err = start(made[0], "runtime").communicate(timeout=SECONDS)
    assert (out.strip(), err) == (made[1][0], "")
    assert time.monotonic() - began < 2  # 0.1 s on a machine that does nothing else


def test_one_that_was_killed_half_way_is_made_anew(tmp_path: Path) -> None:
    script = copy(tmp_path / "checkout", "")
    interpreter = Path(start(tmp_path, "runtime", script=script).communicate(timeout=SECONDS)[0].strip())
    home = interpreter.parent.parent
    (home / "complete").unlink()
    (home / "left").touch()
    child = start(tmp_path, "runtime", script=script)
    child.communicate(timeout=SECONDS)
    assert (child.returncode, (home / "complete").exists(), (home / "left").exists()) == (0, True, False)


def test_a_package_whose_bytes_are_not_the_pinned_ones_is_not_installed(tmp_path: Path) -> None:
    lock = (ROOT / "locks" / "runtime.txt").read_text()
    start_of_entry = lock.index("mdurl==")
    wrong = lock[start_of_entry : lock.index("\n", start_of_entry)] + "\n    --hash=sha256:" + "5" * 64 + "\n"
    child = start(tmp_path, "runtime", script=copy(tmp_path / "checkout", wrong))
    _, err = child.communicate(timeout=SECONDS)
    assert child.returncode == 1
    assert "the Python packages could not be installed" in err
    assert list((tmp_path / "env").glob("*/complete")) == []


def test_a_list_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    child = start(tmp_path, "../../etc/passwd")
    _, err = child.communicate(timeout=SECONDS)
    assert (child.returncode, "bin/environment runtime" in err) == (1, True)
