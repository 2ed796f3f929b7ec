"""`bin/environment`: the Python packages of a runner, by hash, once, whoever asks at the same time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.tools.command import ROOT

pytestmark = pytest.mark.tools

SECONDS = 300
# The environment of the tests may have no pip of its own; the Python it was made from does what a runner's does.
PYTHON = getattr(sys, "_base_executable", sys.executable)


def start(
    cache: Path, *words: str, script: Path = ROOT / "bin" / "environment", python: str = PYTHON, cwd: Path = ROOT
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, str(script), *words], env={**os.environ, "GOLDENPATH_CACHE": str(cache)}, cwd=cwd,
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


def complete(interpreter: str) -> os.stat_result:
    """Return the facts of what is written last into the environment of `interpreter`."""
    return (Path(interpreter).parent.parent / "complete").stat()


def test_the_second_time_nothing_is_done(made: tuple[Path, list[str], list[str]]) -> None:
    before = complete(made[1][0])
    out, err = start(made[0], "runtime").communicate(timeout=SECONDS)
    assert (out.strip(), err) == (made[1][0], "")
    assert complete(made[1][0]) == before


def test_where_the_whole_list_is_installed_no_part_of_it_is_installed_again(
    made: tuple[Path, list[str], list[str]],
) -> None:
    for part in ("gates", "release"):
        assert start(made[0], part).communicate(timeout=SECONDS) == (f"{made[1][0]}\n", "")


def test_a_gate_and_a_report_start_with_their_part_of_the_packages(tmp_path: Path) -> None:
    interpreter, told = (text.strip() for text in start(tmp_path, "gates").communicate(timeout=SECONDS))
    assert "/gates-" in interpreter, told
    for stage in ("gitleaks-gate", "trivy-gate", "summary"):
        words = [interpreter, "-I", str(ROOT / "src" / "goldenpath"), stage, "--help"]
        assert subprocess.run(words, check=True, capture_output=True, text=True).stdout.startswith("Usage: ")
    names = {
        path.name.partition("-")[0] for path in Path(interpreter).parents[1].glob("lib/*/site-packages/*.dist-info")
    }
    assert not names & {"botocore", "pygithub", "PyGithub", "cryptography"}


def test_one_that_was_killed_half_way_is_made_anew(tmp_path: Path) -> None:
    script = copy(tmp_path / "checkout", "")
    interpreter = Path(start(tmp_path, "runtime", script=script).communicate(timeout=SECONDS)[0].strip())
    home = interpreter.parent.parent
    (home / "complete").unlink()
    (home / "left").touch()
    child = start(tmp_path, "runtime", script=script)
    child.communicate(timeout=SECONDS)
    assert (child.returncode, (home / "complete").exists(), (home / "left").exists()) == (0, True, False)


def test_our_own_code_is_compiled_while_the_packages_are_installed(tmp_path: Path) -> None:
    script = copy(tmp_path / "checkout", "")
    module = tmp_path / "checkout" / "src" / "goldenpath" / "module.py"
    module.parent.mkdir(parents=True)
    module.touch()
    _, told = start(tmp_path / "cache", "runtime", script=script).communicate(timeout=SECONDS)
    assert list(module.parent.glob("__pycache__/module.*.pyc")), told


def without_pip(folder: Path) -> str:
    """Return a Python like Debian's, which has no pip of its own."""
    subprocess.run([PYTHON, "-I", "-m", "venv", "--without-pip", str(folder)], check=True, capture_output=True)
    return str(folder / "bin" / "python")


@pytest.mark.parametrize("has_pip", [True, False])
def test_no_module_of_the_app_is_executed_in_whose_folder_it_is_made(tmp_path: Path, *, has_pip: bool) -> None:
    """An action runs in the checkout of the app, before any gate, and may hold a token."""
    app = tmp_path / "app"
    for name in ("pip", "venv", "ensurepip", "runpy", "subprocess", "shutil"):
        (app / name).mkdir(parents=True)
        for file in ("__init__.py", "__main__.py"):
            (app / name / file).write_text(f"open({str(tmp_path / 'executed')!r}, 'w').close()\n")
    lock = (ROOT / "locks" / "runtime.txt").read_text()
    script = copy(tmp_path / "checkout", "\n".join(lock[lock.index("mdurl==") :].splitlines()[:3]))
    python = PYTHON if has_pip else without_pip(tmp_path / "bare")
    child = start(tmp_path / "cache", "runtime", script=script, python=python, cwd=app)
    _, told = child.communicate(timeout=SECONDS)
    assert (child.returncode, (tmp_path / "executed").exists()) == (0, False), told


def in_a_run(folder: Path) -> subprocess.Popen[str]:
    """Start the script as a step of a workflow run does, on a runner whose `.env` names a cache folder."""
    script = copy(folder / "checkout", "")
    kept = {"GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(folder / "temp"), "GOLDENPATH_CACHE": str(folder / "kept")}
    return subprocess.Popen(
        [PYTHON, "-I", str(script), "runtime"], env={**os.environ, **kept},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_workflow_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    interpreter = in_a_run(tmp_path).communicate(timeout=SECONDS)[0]
    home = tmp_path / "temp" / "goldenpath-cache"
    assert interpreter.startswith(f"{home}/env/runtime-")
    assert (home.stat().st_mode & 0o777, (tmp_path / "kept").exists()) == (0o700, False)


@pytest.mark.parametrize("kind", ["link", "file", "open"])
def test_a_folder_that_somebody_else_can_have_made_is_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "temp").mkdir()
    (tmp_path / "elsewhere").mkdir()
    ours = tmp_path / "temp" / "goldenpath-cache"
    if kind == "link":
        ours.symlink_to(tmp_path / "elsewhere")
    elif kind == "file":
        ours.touch()
    else:
        ours.mkdir()
        ours.chmod(0o777)
    child = in_a_run(tmp_path)
    out, err = child.communicate(timeout=SECONDS)
    assert (child.returncode, out, "error[folder-untrusted]" in err) == (1, "", True)


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
