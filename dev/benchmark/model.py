"""What `make bench` writes: every run with its figures, on which machine, with which programs. Times are in seconds.

docs/schemas/benchmark.json is generated from these classes.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

BENCHMARK_SCHEMA = "goldenpath.benchmark/1"
STAGES = ("secrets", "build", "vulnerabilities", "inventory", "push", "rest")


class Side(StrEnum):
    """Who delivered: the usual commands one after another, or `goldenpath deliver`."""

    RECIPE = "recipe"
    OURS = "ours"


class State(StrEnum):
    """What was there before the run, and what changed since the run before it."""

    COLD = "cold"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    BLOCKED = "blocked"


class Figures(Struct, frozen=True, omit_defaults=True):
    """What a run or a stage took.

    `processor` is of the processes of the command, `daemon_processor` of Docker's daemon, containerd and BuildKit.
    `memory` is the most that all processes of the command held together, in bytes, and `daemon_memory` the sum of the
    daemons' peaks. `read` and `written` count the bytes that passed through calls, of command and daemons: files,
    pipes and sockets. `requests` went to the registry, `api_calls` to the APIs of AWS and GitHub.
    """

    wall: float
    processor: float = 0.0
    daemon_processor: float = 0.0
    memory: int = 0
    daemon_memory: int = 0
    read: int = 0
    written: int = 0
    processes: int = 0
    requests: int = 0
    api_calls: int = 0

    @property
    def all_processor(self) -> float:
        """The processor time of the command and of the daemons."""
        return self.processor + self.daemon_processor


class ProgramUse(Struct, frozen=True):
    """The processes of one program in a run: how many, the time in which one of them ran, and their processor time."""

    processes: int
    wall: float
    processor: float


class Run(Struct, frozen=True):
    """One delivery. `own` is the part of the time in which no scanner, no builder and no transfer ran.

    `load` is the machine's average load of the minute before it ended: what else ran shows here.
    """

    case: str
    state: State
    side: Side
    round: int
    total: Figures
    stages: dict[str, Figures]
    programs: dict[str, ProgramUse]
    own: float
    load: float = 0.0


class Machine(Struct, frozen=True):
    """The machine that was measured on."""

    system: str
    processor: str
    cores: int
    memory: int


class Benchmark(Struct, frozen=True):
    """A whole session of `make bench`, of so many `minutes`; `cases` maps each case to what it is."""

    date: str
    commit: str
    minutes: float
    machine: Machine
    programs: dict[str, str]
    cases: dict[str, str]
    runs: tuple[Run, ...]
    schema: str = BENCHMARK_SCHEMA
