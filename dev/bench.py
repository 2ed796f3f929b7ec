"""Race `goldenpath deliver` against the usual commands, on apps made here, and say what each takes: `make bench`."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from dev.benchmark import machine, page, rounds, services, store, table  # noqa: E402
from dev.benchmark.cases import CASES  # noqa: E402
from dev.benchmark.model import Benchmark  # noqa: E402

from goldenpath.shared import runner  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dev.benchmark.cases import Case
    from dev.benchmark.model import Run
    from dev.benchmark.services import Services

_PARTS = "make bench-build-cache, bench-limits, bench-push, bench-secrets, bench-setup; on GitHub: make run-model"


def main(argv: Sequence[str]) -> int:
    """Measure the cases that are asked for, print the result, and write it where that is asked for."""
    asked = _asked(argv)
    if asked.stored:
        _tell(store.read(asked.stored), write_it=asked.write)
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end the measuring, and nothing is left running
    cases = [case for case in CASES if not asked.only or case.name in asked.only]
    kept = runner.cache_dir() / "bench"
    kept.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="gp-bench-", ignore_cleanup_errors=True) as folder,
        services.running(Path(folder)) as running,
    ):
        measured, failed = _measured(cases, running, kept, asked.rounds)
    _tell(measured, write_it=asked.write and not failed)
    return 1 if failed else 0


def _tell(measured: Benchmark, *, write_it: bool) -> None:
    print(f"\n{table.render(measured)}\nparts: {_PARTS}")
    if write_it:
        for name, text in page.files(measured).items():
            (ROOT / "docs" / name).write_text(text, encoding="utf-8")


def _asked(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [case.name for case in CASES]
    parser.add_argument("--rounds", type=int, default=3, help="how often each side delivers each case [default: 3]")
    parser.add_argument("--only", nargs="*", choices=names, metavar="CASE", help=f"of: {', '.join(names)}")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md, its chart and its figures")
    parser.add_argument("--from", dest="stored", type=Path, metavar="FILE", help="show this result; measure nothing")
    return parser.parse_args(argv)


def _measured(cases: Sequence[Case], running: Services, kept: Path, wanted: int) -> tuple[Benchmark, set[str]]:
    """Return the result, and the names of cases that a side could not deliver; the others go on.

    Ctrl-C ends it: the result is then of what was measured so far.
    """
    here, programs, commit = machine.describe(), machine.programs(running), machine.commit(ROOT)
    began = time.monotonic()
    runs: list[Run] = []
    failed: set[str] = set()
    for case, number in ((case, number) for number in range(wanted) for case in cases if number < case.rounds):
        if case.name in failed:
            continue
        try:
            runs += _printed(case, running, kept, number)
        except rounds.DeliveryFailedError as error:
            failed.add(case.name)
            print(f"round {number + 1}  {case.name} was not delivered: {error}", flush=True)
        except KeyboardInterrupt:
            print("stopped; this is the result so far", flush=True)
            break
    result = Benchmark(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        commit=commit,
        minutes=round((time.monotonic() - began) / 60, 1),
        machine=here,
        programs=programs,
        cases={case.name: case.about for case in cases},
        runs=tuple(runs),
    )
    return result, failed


def _printed(case: Case, running: Services, kept: Path, number: int) -> Iterator[Run]:
    """Yield the runs of one round of a case, with a line on the terminal for each."""
    began = time.monotonic()
    for run in rounds.race(case, running, kept, number):
        figures = f"{run.total.wall:7.2f} s, processor {run.total.all_processor:6.2f} s"
        print(f"round {number + 1}  {case.name:<9} {run.state:<10} {run.side:<7} {figures}", flush=True)
        yield run
    print(f"round {number + 1}  {case.name} took {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
