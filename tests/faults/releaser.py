"""Releases in processes of their own, without the second that Python needs to load: each is forked from a warm one.

As a program: reads orders, one JSON object a line, and for each prints the process id of a release and then how it
ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from goldenpath import cli
from goldenpath.delivery.release import commands
from goldenpath.delivery.stages import ecr_push

# What a release loads, loaded before it is forked.
WARM = (commands, ecr_push)
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Started:
    """A release that runs; `end` waits for its exit code."""

    pid: int
    answers: IO[str]

    def end(self) -> int:
        return int(self.answers.readline())


class Releaser:
    """A process that starts releases, one at a time; `environment` is theirs."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.releaser"],
            cwd=ROOT,
            env={**environment, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.communicate()

    def start(self, words: Sequence[str], log: Path) -> Started:
        """Start `goldenpath` with these words; what it prints goes to the file `log`."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps({"words": list(words), "log": str(log)}) + "\n")
        self._child.stdin.flush()
        return Started(int(self._child.stdout.readline()), self._child.stdout)

    def run(self, words: Sequence[str], log: Path) -> int:
        """Run `goldenpath` to its end and return its exit code."""
        return self.start(words, log).end()


def main() -> None:
    """Serve."""
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os._exit(_release(order["words"], order["log"]))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _release(words: Sequence[str], log: str) -> int:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number in (1, 2):
        os.dup2(out, number)
    try:
        return cli.run(words)
    except BaseException:  # noqa: BLE001  a signal after the end of the release
        traceback.print_exc()
        return 99
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    main()
