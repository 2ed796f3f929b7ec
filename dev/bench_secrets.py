"""How long gitleaks-gate takes beside plain `gitleaks git` on one history, in turns: `make bench-secrets`.

The last column is a second scan, which builds on the first as it does at a terminal (docs/adr/0036).
Plain gitleaks leaves out pictures, lock files, messages and merges, and does not look whether it looked. Processor time
is what to compare: the time on the clock depends on what else the machine does. Names of histories may be given
(dev/histories.py), or folders of clones; without any, all histories are made, which takes a few minutes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from dev import histories  # noqa: E402

from goldenpath.delivery.secrets import scan_scope  # noqa: E402
from goldenpath.shared.toolchain import Toolchain  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

_TURNS = 3


@dataclass(frozen=True)
class Ran:
    """A program that ended: its seconds, and those in which it or a child of it had a processor."""

    seconds: float
    processor: float


def main(argv: Sequence[str]) -> int:
    """Print a line for each history: the median of both, and how many times the one takes the other."""
    program = Toolchain.load().provide("gitleaks").path
    print(f"{'history':<12}{'plain gitleaks git':>24}{'gitleaks-gate':>24}{'ratio':>20}{'a second scan':>24}")
    with tempfile.TemporaryDirectory(prefix="goldenpath-bench-") as folder:
        for name in argv or histories.KINDS:
            clone = histories.make(name, Path(folder) / name) if name in histories.KINDS else Path(name)
            turns = [(_plain(program, clone, Path(folder)), _first(clone), _ours(clone)) for _ in range(_TURNS)]
            _tell(clone.name, *zip(*turns, strict=True))
    print(f"load: {os.getloadavg()[0]:.1f}")
    return 0


def _plain(program: Path, clone: Path, folder: Path) -> Ran:
    report = str(folder / "plain.json")
    words = ("--no-banner", "--log-level=error", "--exit-code=0", "--redact", "--report-format=json")
    return _run(str(program), "git", *words, f"--report-path={report}", str(clone))


def _first(clone: Path) -> Ran:
    with scan_scope.kept(clone, Toolchain.load().provide("gitleaks")) as result:
        if result:
            result.forget()
    return _ours(clone)


def _ours(clone: Path) -> Ran:
    with tempfile.TemporaryDirectory(prefix="goldenpath-bench-") as work:
        words = ("gitleaks-gate", "--environment=dev", f"--source={clone}", f"--work-dir={work}/work")
        return _run(sys.executable, "-m", "goldenpath", *words)


def _run(*command: str) -> Ran:
    began, environment = time.monotonic(), {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command[0]} ended with {child.returncode}")
    return Ran(time.monotonic() - began, used.ru_utime + used.ru_stime)


def _tell(name: str, *runs: Sequence[Ran]) -> None:
    seconds = [statistics.median(turn.seconds for turn in turns) for turns in runs]
    processor = [statistics.median(turn.processor for turn in turns) for turns in runs]
    plain, first, second = (f"{took:.2f} s, cpu {used:.2f} s" for took, used in zip(seconds, processor, strict=True))
    ratio = f"{seconds[1] / seconds[0]:.2f}, cpu {processor[1] / processor[0]:.2f}"
    print(f"{name:<12}{plain:>24}{first:>24}{ratio:>20}{second:>24}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
