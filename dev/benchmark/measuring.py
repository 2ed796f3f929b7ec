"""Run a command and measure all that it takes: its own processes, and the daemons that work for it."""

from __future__ import annotations

import bisect
import os
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dev.benchmark import counters
from dev.benchmark.counters import Counters
from dev.benchmark.events import Descendants

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_PERIOD, _LONGEST = 0.03, 1800.0
_QUIET_SECONDS, _PATIENCE = 0.3, 20.0


@dataclass(frozen=True)
class Point:
    """What was counted until the moment `at`, in seconds since 1970, for the command and for the daemons."""

    at: float
    command: Counters
    daemons: Counters
    memory: int


@dataclass
class ProgramSpan:
    """A process of the command: the program, when it was seen first and last, and its processor time."""

    name: str
    begin: float
    end: float
    processor: float = 0.0


@dataclass(frozen=True)
class Measured:
    """A command that ended: its exit code, what was counted over its time, and the processes that it started."""

    code: int
    points: Sequence[Point]
    programs: Sequence[ProgramSpan]
    begun: Sequence[float]
    daemon_memory: int

    @property
    def begin(self) -> float:
        """When it began, in seconds since 1970."""
        return self.points[0].at

    @property
    def end(self) -> float:
        """When it ended."""
        return self.points[-1].at

    def between(self, begin: float, end: float) -> tuple[Counters, Counters]:
        """Return what was counted between two moments, for the command and for the daemons."""
        first, last = self._near(begin), self._near(end)
        return last.command - first.command, last.daemons - first.daemons

    def memory(self, begin: float, end: float) -> int:
        """Return the most memory that the processes of the command held together between two moments."""
        return max((point.memory for point in self.points if begin <= point.at <= end), default=0)

    def _near(self, moment: float) -> Point:
        position = bisect.bisect_left(self.points, moment, key=lambda point: point.at)
        around = self.points[max(position - 1, 0) : position + 1]
        return min(around, key=lambda point: abs(point.at - moment))


@dataclass
class _Watch:
    """Looks at the processes of a command again and again, in a thread of its own."""

    descendants: Descendants
    daemons: Sequence[int]
    points: list[Point] = field(default_factory=list)
    spans: dict[tuple[int, str], ProgramSpan] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look while the block lasts."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self.ended.set()
            thread.join()

    def _run(self) -> None:
        while not self.ended.wait(_PERIOD):
            self.look()

    def look(self) -> None:
        """Note what was counted until now."""
        at, memory, sum_of_all = time.time(), 0, Counters()
        for process in self.descendants.alive:
            sampled = counters.sample(process)
            name = counters.program(process)
            if sampled is None or not name:
                continue
            memory += sampled.memory
            sum_of_all += sampled.counters
            span = self.spans.setdefault((process, name), ProgramSpan(name, at, at))
            span.end, span.processor = at, sampled.alone
        # Between the end of a process and its parent's notice of it, the parent does not count it yet.
        last = self.points[-1].command if self.points else Counters()
        self.points.append(Point(at, sum_of_all.at_least(last), counters.total(self.daemons), memory))


def run(
    command: Sequence[str | Path], *, environment: Mapping[str, str], folder: Path, log: Path, daemons: Sequence[int]
) -> Measured:
    """Run `command` in `folder` to its end, with its output appended to `log`, and return what it took."""
    await_quiet(daemons)
    for daemon in daemons:
        counters.forget_peak(daemon)
    with Descendants() as descendants, log.open("ab") as output:
        watch = _Watch(descendants, daemons)
        watch.points.append(Point(time.time(), Counters(), counters.total(daemons), 0))
        child = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        with watch.running(), _ended_after(child, _LONGEST):
            # The kernel keeps what it counted until somebody asks how the process ended.
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            end, at_last = time.time(), counters.sample(child.pid)
        code = child.wait()
        daemon_memory = sum(map(counters.peak, daemons))
    last = Point(end, at_last.counters if at_last else Counters(), counters.total(daemons), 0)
    points = [*(point for point in watch.points if point.at < end), last]
    return Measured(code, points, tuple(watch.spans.values()), descendants.begun, daemon_memory)


@contextmanager
def _ended_after(child: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    """End `child`, which then ends what it started, when the block lasts longer or ends by an exception."""
    timer = threading.Timer(seconds, child.terminate)
    timer.start()
    try:
        yield
    except BaseException:
        child.terminate()
        child.wait()
        raise
    finally:
        timer.cancel()


def await_quiet(daemons: Sequence[int]) -> None:
    """Wait until the daemons have nothing left to do of what was before, for some seconds at most."""
    deadline = time.monotonic() + _PATIENCE
    before = counters.total(daemons).processor
    while time.monotonic() < deadline:
        time.sleep(_QUIET_SECONDS)
        now = counters.total(daemons).processor
        if now - before <= _QUIET_SECONDS / 10:
            return
        before = now
