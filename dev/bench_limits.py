"""How long work of our own takes, and how much memory: `make bench-limits`. Fails where a limit is passed.

Each benchmark runs in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from dev.growing.findings import report_of_trivy  # noqa: E402
from tests.tools.registry_files import write_crowded  # noqa: E402

from goldenpath.delivery.model.finding import Findings, Gate, Scanner  # noqa: E402
from goldenpath.delivery.report import gate_summary, sarif  # noqa: E402
from goldenpath.delivery.rules import matrix  # noqa: E402
from goldenpath.delivery.rules.decision import decide  # noqa: E402
from goldenpath.delivery.scanners import trivy  # noqa: E402
from goldenpath.registries import request  # noqa: E402
from goldenpath.registries.config import ecr_tf  # noqa: E402
from goldenpath.shared import codec  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FINDINGS, _REGISTRIES = 25_000, 1_000
_MEGABYTE = 1024


@dataclass(frozen=True)
class Benchmark:
    """`prepare` makes what `work` is timed on; the limits are in seconds and MB of peak memory."""

    name: str
    prepare: Callable[[Path], bytes]
    work: Callable[[bytes, Path], None]
    seconds: float
    megabytes: int


def vulnerabilities(_: Path) -> bytes:
    """Return a report of trivy with 25,000 vulnerabilities."""
    return report_of_trivy(_FINDINGS)


def conclude(raw: bytes, folder: Path) -> None:
    """Make findings, verdict, SARIF and summary of a report, and write all four."""
    scanned, policy = trivy.parse(raw), matrix.load()
    findings = Findings(Gate.TRIVY, Scanner("trivy", "1", "release"), scanned.config, {}, scanned.findings)
    decision = decide(findings, policy, policy.environment("prod"), today=datetime.now(UTC).date())
    rendered = sarif.render(findings, sarif.passed(decision.verdict), category="trivy/app", dockerfile="Dockerfile")
    codec.write(folder / "trivy.json", findings)
    codec.write_bytes(folder / "trivy.sarif", rendered.log)
    codec.write(folder / "trivy.verdict.json", decision.verdict)
    codec.write_bytes(folder / "summary.md", gate_summary.render(decision.verdict, decision.deciding).encode())


def registries(folder: Path) -> bytes:
    """Write an environment's file with a thousand registries into `folder`."""
    write_crowded(folder, _REGISTRIES)
    return b""


def one_more(_: bytes, folder: Path) -> None:
    """Write one more registry into that file."""
    wanted = {"environment": "dev", "name": "one-more", "owner": "team", "risk": "low", "requester": "", "domain": ""}
    ecr_tf.add(folder, request.parse_request(wanted))


BENCHMARKS = (
    Benchmark("25,000 findings → findings, SARIF, summary, verdict", vulnerabilities, conclude, 3.0, 300),
    Benchmark("one more registry in a file of 1,000", registries, one_more, 1.0, 300),
)


def main(argv: Sequence[str]) -> int:
    """Run every benchmark, or the one whose number is given; print a line each; return 1 where a limit is passed."""
    if argv:
        return measure(BENCHMARKS[int(argv[0])])
    runs = [subprocess.run([sys.executable, __file__, str(number)], check=False) for number in range(len(BENCHMARKS))]
    return max(run.returncode for run in runs)


def measure(benchmark: Benchmark) -> int:
    """Run one benchmark in this process and print its time and its peak of memory."""
    with tempfile.TemporaryDirectory(prefix="goldenpath-bench-") as name:
        material = benchmark.prepare(Path(name))
        began = time.perf_counter()
        benchmark.work(material, Path(name))
        seconds = time.perf_counter() - began
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE
    good = seconds < benchmark.seconds and megabytes < benchmark.megabytes
    limits = f"limits {benchmark.seconds:g} s, {benchmark.megabytes} MB"
    print(f"{'✓' if good else '✗'} {benchmark.name}: {seconds:.2f} s, peak {megabytes:.0f} MB ({limits})")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
