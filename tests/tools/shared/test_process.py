"""The one door to programs, with real ones: what comes out, what is seen inside, and that nothing is left running."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests import waiting

from goldenpath.shared import masks, process, verbose
from goldenpath.shared.errors import ToolFailed, ToolMissing, ToolTimeout

pytestmark = pytest.mark.tools

SH = "/bin/sh"


def is_running(pid: int) -> bool:
    """Tell whether the process is there and not a zombie that nobody waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}


def until_gone(pid: int) -> bool:
    return waiting.until(lambda: not is_running(pid), lambda: f"process {pid} is still there")


def pids_in(path: Path, count: int) -> list[int]:
    """Return the process ids in the file `path`, once there are `count`."""
    waiting.until(
        lambda: path.exists() and len(path.read_text().split()) == count, lambda: f"{path} has no {count} ids"
    )
    return [int(each) for each in path.read_text().split()]


@pytest.fixture
def talkative(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[pytest.CaptureFixture[str]]:
    """Switch `--verbose` on, with no secret to mask."""
    monkeypatch.setattr(masks, "_secrets", set())
    verbose.switch(on=True)
    yield capsys
    verbose.switch(on=False)


def test_both_outputs_the_code_and_the_time_are_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=itertools.count(100).__next__))
    done = process.run(SH, "-c", "echo out; echo err >&2", timeout=10)
    assert (done.program, done.code, done.stdout, done.stderr) == ("sh", 0, b"out\n", b"err\n")
    assert done.seconds == 1


def test_a_program_that_fails_is_quoted() -> None:
    with pytest.raises(ToolFailed) as caught:
        process.run(SH, "-c", "echo why >&2; exit 3", timeout=10)
    assert str(caught.value) == "sh ended with exit status 3. why. Fix what it reports, then run again."


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 1", "it printed nothing"),
        ("echo on stdout; exit 1", "on stdout"),
        ("printf '\\377\\376' >&2; exit 1", "\ufffd\ufffd"),
        ("seq 20 >&2; exit 1", "\n".join(str(number) for number in range(9, 21))),
    ],
)
def test_the_tail_of_the_output_is_the_end_of_what_it_said(script: str, why: str) -> None:
    with pytest.raises(ToolFailed) as caught:
        process.run(SH, "-c", script, timeout=10)
    assert caught.value.why == why


def test_an_exit_code_that_is_accepted_is_no_failure() -> None:
    assert process.run(SH, "-c", "exit 3", timeout=10, accept=(0, 3)).code == 3


def test_a_program_killed_by_a_signal_failed() -> None:
    with pytest.raises(ToolFailed, match="exit status -9"):
        process.run(SH, "-c", "kill -9 $$", timeout=10)


@pytest.mark.parametrize("name", ["goldenpath-no-such-program", "/nowhere/program", "/etc/passwd/program", "/etc"])
def test_a_program_that_is_not_there_is_missing(name: str) -> None:
    with pytest.raises(ToolMissing) as caught:
        process.run(name, timeout=10)
    assert caught.value.what == f"{os.path.basename(name)} cannot be started"  # noqa: PTH119  a bare word
    assert caught.value.fix == "Install it, or let `goldenpath tools install` provide it"


def test_a_file_that_is_no_program_is_missing(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF rubbish")
    (tmp_path / "program").chmod(0o755)
    with pytest.raises(ToolMissing, match="Exec format error"):
        process.run(tmp_path / "program", timeout=10)


def test_a_folder_to_run_in_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="nowhere"):
        process.run(SH, "-c", "true", timeout=10, cwd=tmp_path / "nowhere")


def test_a_program_sees_no_credential_and_nothing_that_configures_a_scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = (
        "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_RUNTIME_TOKEN", "TRIVY_SEVERITY", "TRIVY_IGNORE_UNFIXED", "GITLEAKS_CONFIG", "SYFT_EXCLUDE",
        "GIT_DIR", "GIT_CONFIG_COUNT", "LD_PRELOAD", "PYTHONPATH", "DOCKER_HOST",
    )  # fmt: skip
    for name in planted:
        monkeypatch.setenv(name, "planted")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    seen = process.run("/usr/bin/env", timeout=10).stdout.decode()
    assert "planted" not in seen
    assert "HTTPS_PROXY=http://proxy.example" in seen.splitlines()
    assert any(line.startswith("PATH=") for line in seen.splitlines())


def test_what_is_added_to_the_environment_is_seen_and_wins() -> None:
    added = {"DOCKER_HOST": "unix:///x", "HOME": "/elsewhere"}
    seen = process.run("/usr/bin/env", timeout=10, environment=added).stdout.decode().splitlines()
    assert {"DOCKER_HOST=unix:///x", "HOME=/elsewhere"} <= set(seen)


def test_no_word_is_read_by_a_shell(tmp_path: Path) -> None:
    words = ("$(touch x)", "; touch x", "`touch x`", "*", "a b", "")
    done = process.run(sys.executable, "-c", "import sys; print(sys.argv[1:])", *words, timeout=10, cwd=tmp_path)
    assert done.stdout.decode().strip() == str(list(words))
    assert list(tmp_path.iterdir()) == []


def test_stdin_is_what_was_given_and_ends() -> None:
    big = b"x" * 1_000_000
    assert process.run("cat", timeout=10, stdin=big).stdout == big
    assert process.run("cat", timeout=10).stdout == b""


def test_a_program_that_does_not_read_its_stdin_is_no_failure() -> None:
    assert process.run("true", timeout=10, stdin=b"x" * 1_000_000).code == 0


def test_a_time_out_stops_the_program_and_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 60 & echo $$ $! > {pids}; wait; touch {tmp_path}/waited"
    with pytest.raises(ToolTimeout) as caught:
        process.run(SH, "-c", script, timeout=0.5)
    assert caught.value.what == "sh did not end within 0.5 seconds and was stopped"
    assert not (tmp_path / "waited").exists()
    assert all(until_gone(pid) for pid in pids_in(pids, 2))


def test_a_child_that_outlives_its_parent_is_stopped_too(tmp_path: Path) -> None:
    """The parent has ended, its child holds the pipe open: without the whole group stopped this would hang."""
    pids = tmp_path / "pids"
    with pytest.raises(ToolTimeout):
        process.run(SH, "-c", f"sleep 60 & echo $! > {pids}", timeout=0.5)
    assert all(until_gone(pid) for pid in pids_in(pids, 1))


def test_a_program_that_ignores_being_asked_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    child = process.start(SH, "-c", f"trap '' TERM; echo $$ > {pids}; while :; do sleep 0.1; done")
    (pid,) = pids_in(pids, 1)
    process.stop_group(child, patience=0.3)
    assert until_gone(pid)
    assert child.returncode == -signal.SIGKILL


def test_stopping_twice_is_safe() -> None:
    child = process.start("sleep", "60")
    process.stop_group(child)
    process.stop_group(child)
    assert child.returncode == -signal.SIGTERM


def test_an_interrupted_run_leaves_nothing_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = tmp_path / "pids"

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            process.run(SH, "-c", f"sleep 60 & echo $$ $! > {pids}; wait", timeout=30)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert all(until_gone(pid) for pid in pids_in(pids, 2))


def test_a_log_takes_both_outputs_and_is_added_to(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for word in ("one", "two"):
        child = process.start(SH, "-c", f"echo {word}; echo {word} >&2", log=log)
        assert child.wait(timeout=10) == 0
    assert log.read_text().split() == ["one", "one", "two", "two"]


@pytest.mark.parametrize(
    ("script", "timeout", "end"),
    [("exit 0", 10, "exit status 0"), ("exit 3", 10, "exit status 3"), ("sleep 9", 0.2, "stopped: it took too long")],
)
def test_verbose_shows_every_program_with_its_end_and_neither_input_output_nor_environment(
    talkative: pytest.CaptureFixture[str], script: str, timeout: float, end: str
) -> None:
    with contextlib.suppress(ToolTimeout):
        process.run(
            SH, "-c", f"cat; {script}", timeout=timeout, stdin=b"read", environment={"SEEN": "no"}, accept=(0, 3)
        )
    shown = talkative.readouterr().err
    assert re.fullmatch(rf"\$ /bin/sh -c 'cat; {script}'  → {end}  \(\d+\.\d\d s\)\n", shown)


def test_verbose_shows_a_program_that_runs_alongside_when_it_begins(talkative: pytest.CaptureFixture[str]) -> None:
    process.stop_group(process.start(SH, "-c", "exit 0"))
    assert talkative.readouterr().err == "$ /bin/sh -c 'exit 0'  → started\n"
