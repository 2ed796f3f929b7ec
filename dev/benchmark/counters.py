"""What the kernel has counted for a process: processor time, bytes, memory. proc(5) describes the files."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PEAK_SINCE_NOW = "5"  # /proc/PID/clear_refs: "reset the peak resident set size"


@dataclass(frozen=True)
class Counters:
    """Seconds of a processor, and bytes that passed through calls that read and write (files, pipes and sockets)."""

    processor: float = 0.0
    read: int = 0
    written: int = 0

    def __add__(self, other: Counters) -> Counters:
        return Counters(self.processor + other.processor, self.read + other.read, self.written + other.written)

    def at_least(self, other: Counters) -> Counters:
        """Return these, or of `other` what is more."""
        read, written = max(self.read, other.read), max(self.written, other.written)
        return Counters(max(self.processor, other.processor), read, written)

    def __sub__(self, other: Counters) -> Counters:
        return Counters(self.processor - other.processor, self.read - other.read, self.written - other.written)


@dataclass(frozen=True)
class Sampled:
    """What a process and its ended children were counted for so far, and the bytes of memory that it holds now.

    `alone` is the processor time without that of its children.
    """

    counters: Counters
    alone: float
    memory: int


def sample(process: int) -> Sampled | None:
    """Return what was counted for a process; `None` when it is gone."""
    folder = Path("/proc", str(process))
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        lines = (folder / "io").read_text().splitlines()
    except OSError:
        return None
    moved = {name: int(value) for name, _, value in (line.partition(":") for line in lines)}
    # User and system: its own time, and that of children that ended.
    alone, children = (sum(map(int, fields[first : first + 2])) / _TICK for first in (11, 13))
    counters = Counters(alone + children, moved.get("rchar", 0), moved.get("wchar", 0))
    return Sampled(counters, alone, int(fields[21]) * _PAGE)


def total(processes: Iterable[int]) -> Counters:
    """Return the sum over those of the processes that are there."""
    return sum((sampled.counters for sampled in map(sample, processes) if sampled), Counters())


def forget_peak(process: int) -> None:
    """Let the kernel measure the peak of a process's memory from now on."""
    with suppress(OSError):
        Path("/proc", str(process), "clear_refs").write_text(_PEAK_SINCE_NOW)


def peak(process: int) -> int:
    """Return the most bytes of memory that a process held since `forget_peak`; 0 when it is gone."""
    with suppress(OSError):
        for line in Path("/proc", str(process), "status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) << 10
    return 0


def program(process: int) -> str:
    """Return the name of the program that a process runs, for a script its interpreter's; "" when it is gone."""
    with suppress(OSError):
        words = Path("/proc", str(process), "cmdline").read_bytes().split(b"\0")
        return Path(words[0].decode(errors="replace")).name
    return ""
