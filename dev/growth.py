"""How the time of each part grows with its input: `make growth`. Prints an exponent for each; fails where it is bad.

Each point is measured in a process of its own: the seconds in which it and its programs had a processor, and the
seconds that passed. The exponent is of the former, which the load of the machine hardly changes. Writes
docs/growth.json, docs/growth.md and docs/growth.svg; with `ONLY=registries` one group, or one case, is measured, and
the others stay as they are.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from dev.growing import deliveries, findings, registries, report  # noqa: E402
from dev.growing.fit import Point  # noqa: E402

from goldenpath import cli  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dev.growing.case import Case, Work

CASES = (*findings.CASES, *registries.CASES, *deliveries.CASES)
JSON, MARKDOWN, CHART = (ROOT / "docs" / f"growth.{ending}" for ending in ("json", "md", "svg"))
# A short work is repeated for so many seconds, so often at most, and the quickest counts.
_ENOUGH, _REPEATED = 0.5, 5
# Seconds: what a point takes, its input included, that is measured twice.
_QUICK = 10


def main(argv: Sequence[str]) -> int:
    """Measure the cases that are asked for, print a line each, and write the three files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help=f"a group or a case: {', '.join(_names())} [default: all]")
    parser.add_argument("--point", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--small", action="store_true", help="leave out the largest size of each; write nothing")
    asked = parser.parse_args(argv)
    if asked.point:
        return _point(asked.point[0], int(asked.point[1]))
    if unknown := set(asked.only) - set(_names()):
        parser.error(f"there is no {' and no '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the emulator is stopped then too
    chosen = [case for case in CASES if not asked.only or {case.name, case.group} & {*asked.only}]
    with (
        tempfile.TemporaryDirectory(prefix="goldenpath-growth-") as folder,
        deliveries.prepared({case.group for case in chosen}, Path(folder)),
    ):
        good = [_is_good(case, small=asked.small) for case in chosen]
    return int(not all(good))


def _names() -> list[str]:
    return list(dict.fromkeys(name for case in CASES for name in (case.group, case.name)))


def _is_good(case: Case, *, small: bool) -> bool:
    """Measure `case`, print and write down how it grew, and tell whether that is linear or better."""
    points = [_run(case, size) for size in (case.sizes[:-1] if small else case.sizes)]
    report.tell(case, points)
    if not small:
        _write(case, points)
    return report.fitted(points).is_linear


def _run(case: Case, size: int) -> Point:
    """Measure one point in a process of its own, and what cannot be done twice in one in two, where it is quick."""
    began = time.monotonic()
    first = _run_once(case, size)
    if not case.once or time.monotonic() - began > _QUICK:
        return first
    return min(first, _run_once(case, size), key=lambda point: point.cpu)


def _run_once(case: Case, size: int) -> Point:
    words = (sys.executable, __file__, "--point", case.name, str(size))
    done = subprocess.run(words, check=False, capture_output=True)
    if done.returncode:
        raise SystemExit(f"{case.name} of {size}: {done.stderr.decode()[-2000:]}")
    return Point(size, **json.loads(done.stdout.splitlines()[-1]))


def _point(name: str, size: int) -> int:
    case = next(case for case in CASES if case.name == name)
    gc.set_threshold(cli.COLLECT_AFTER)
    with tempfile.TemporaryDirectory(prefix="goldenpath-growth-") as folder:
        work = case.prepare(size, Path(folder))
        tries = [_timed(case, work)]
        while not case.once and sum(attempt["wall"] for attempt in tries) < _ENOUGH and len(tries) < _REPEATED:
            tries.append(_timed(case, work))
    print(json.dumps(min(tries, key=lambda attempt: attempt["cpu"])))
    return 0


def _timed(case: Case, work: Work) -> dict[str, float]:
    began, before = time.perf_counter(), _processor(case)
    work()
    return {"cpu": _processor(case) - before, "wall": time.perf_counter() - began}


def _processor(case: Case) -> float:
    """Return the seconds that this process, the programs it ran, and the builder for it had a processor."""
    return time.process_time() + sum(os.times()[2:4]) + (deliveries.of_builder() if case.builds else 0)


def _write(case: Case, points: Sequence[Point]) -> None:
    """Write what was measured now, and what was before of the other cases."""
    kept: dict[str, Any] = json.loads(JSON.read_text()) if JSON.is_file() else {}
    kept[case.name] = {"measured": time.strftime("%Y-%m-%d"), "points": [vars(point) for point in points]}
    known = {case.name: kept[case.name] for case in CASES if case.name in kept}
    JSON.write_text(json.dumps(known, indent=2) + "\n")
    series = [
        (case, [Point(**point) for point in known[case.name]["points"]], known[case.name]["measured"])
        for case in CASES
        if case.name in known
    ]
    CHART.write_text(report.chart(series))
    MARKDOWN.write_text(report.page(series))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
