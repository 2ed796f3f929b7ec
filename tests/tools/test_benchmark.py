"""What `make bench` counts of a real command: every process, however short, and what it read, wrote and held."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from dev.benchmark import measuring

pytestmark = [pytest.mark.tools, pytest.mark.skipif(os.geteuid() != 0, reason="the kernel reports processes to root")]

MB = 1_000_000
HELD = "import time; held = bytearray(60_000_000); held[::4096] = bytes(len(held[::4096])); time.sleep(0.6)"


def run(tmp_path: Path, script: str, *, daemons: tuple[int, ...] = ()) -> measuring.Measured:
    environment = {"PATH": os.defpath}
    return measuring.run(
        ["/bin/sh", "-c", script], environment=environment, folder=tmp_path, log=tmp_path / "log", daemons=daemons
    )


def test_every_process_counts_and_so_do_bytes_and_the_exit_code(tmp_path: Path) -> None:
    script = "for i in 1 2 3 4 5; do /bin/true; done; head -c 3000000 /dev/zero >zeros; cat zeros >/dev/null; exit 7"

    measured = run(tmp_path, script)

    counted, _ = measured.between(measured.begin, measured.end)
    assert measured.code == 7
    assert len(measured.begun) == 1 + 5 + 2
    assert counted.read >= 6 * MB
    assert counted.written >= 6 * MB


def test_memory_and_time_of_a_child_are_the_commands(tmp_path: Path) -> None:
    measured = run(tmp_path, f"{sys.executable} -I -S -c '{HELD}'; true")

    assert 60 * MB < measured.memory(measured.begin, measured.end) < 200 * MB
    assert measured.end - measured.begin > 0.6
    (python,) = [span for span in measured.programs if span.name == Path(sys.executable).name]
    assert python.begin < python.end <= measured.end


def test_what_a_daemon_did_meanwhile_is_counted_apart(tmp_path: Path) -> None:
    measured = run(tmp_path, "true", daemons=(os.getpid(),))

    _, daemons = measured.between(measured.begin, measured.end)
    assert daemons.read > 0
    assert measured.daemon_memory > MB
