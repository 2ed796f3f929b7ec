"""Measure what it takes to have the code ready on a runner: `make bench-setup`.

Cold: a new cache folder, everything that pip needs on this disk already, so that no download is counted. Warm: the
environment is there. The limits: 5 s and 0.5 s. How long the command then takes to start is shown beside them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "locks" / "runtime.txt"
COLD_LIMIT, WARM_LIMIT = 5.0, 0.5
STRICT = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement", str(LOCK))


def main() -> int:
    """Print both times and how they stand to their limits; 1 when one is over."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _run({}, sys.executable, "-m", "pip", "download", "--quiet", *STRICT, "--dest", str(folder / "wheels"))
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder / "wheels")}
        cold = [_ready(folder / f"cache-{number}", offline) for number in range(3)]
        warm = [_ready(folder / "cache-0", offline) for _ in range(5)]
        starts = [_start(folder / "cache-0", offline) for _ in range(6)][1:]  # the first compiles what it imports
    _tell("cold set-up, beyond downloads", cold, COLD_LIMIT)
    _tell("warm set-up", warm, WARM_LIMIT)
    _tell("warm set-up and start of the command", starts)
    return int(min(cold) > COLD_LIMIT or min(warm) > WARM_LIMIT)


def _ready(cache: Path, more: dict[str, str]) -> float:
    return _run({**more, "GOLDENPATH_CACHE": str(cache)}, sys.executable, str(ROOT / "bin" / "environment"), "runtime")


def _start(cache: Path, more: dict[str, str]) -> float:
    return _run({**more, "GOLDENPATH_CACHE": str(cache)}, str(ROOT / "bin" / "goldenpath"), "--version")


def _run(more: dict[str, str], *command: str) -> float:
    kept = {name: value for name, value in os.environ.items() if name not in {"GOLDENPATH_LOCK", "PYTHONPATH"}}
    began = time.monotonic()
    subprocess.run(command, check=True, env={**kept, **more}, capture_output=True)
    return time.monotonic() - began


def _tell(what: str, seconds: list[float], limit: float | None = None) -> None:
    times = f"best {min(seconds):.2f} s, median {statistics.median(seconds):.2f} s of {len(seconds)}"
    print(f"{what:<38} {times}{f', limit {limit:g} s' if limit else ''}")


if __name__ == "__main__":
    raise SystemExit(main())
