"""The result as text for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dev.benchmark.model import STAGES, Side
from dev.benchmark.spread import Spread, pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dev.benchmark.model import Benchmark, Figures, Run
    from dev.benchmark.spread import Pairs

_MEGABYTE = 1_000_000
_LABEL, _COLUMN, _NARROW = 15, 23, 15
OVERVIEW = ("recipe, s", "ours, s", "time, ratio", "processor, ratio", "own work, s")


@dataclass(frozen=True)
class Figure:
    """A column of a table of stages: its name, where it comes from, and how many digits follow the point."""

    name: str
    of: Callable[[Figures], float]
    digits: int = 0

    def shown(self, several: Sequence[Figures]) -> str:
        """Return the median as text, `-` where there is nothing."""
        return f"{Spread.of(map(self.of, several)).median:.{self.digits}f}" if several else "-"


FIGURES = (
    Figure("seconds", lambda one: one.wall, 2),
    Figure("processor", lambda one: one.all_processor, 2),
    Figure("memory MB", lambda one: one.memory / _MEGABYTE),
    Figure("read MB", lambda one: one.read / _MEGABYTE),
    Figure("written MB", lambda one: one.written / _MEGABYTE),
    Figure("processes", lambda one: one.processes),
    Figure("requests", lambda one: one.requests),
    Figure("API calls", lambda one: one.api_calls),
)


def render(benchmark: Benchmark) -> str:
    """Return the whole result."""
    races = list(pairs(benchmark))
    lines = [*_head(benchmark)]
    for case, about in benchmark.cases.items():
        mine = [race for race in races if race.case == case]
        if mine:
            lines += ["", f"{case}: {about}", *_overview(mine)]
    for race in races:
        lines += ["", *_detail(race)]
    return "\n".join(lines) + "\n"


def _head(benchmark: Benchmark) -> Iterator[str]:
    machine = benchmark.machine
    yield f"goldenpath deliver and the recipe in turns, {benchmark.date}, commit {benchmark.commit}"
    yield f"{machine.system}, {machine.processor}, {machine.cores} cores, {machine.memory / 1e9:.0f} GB"
    yield ", ".join(f"{name} {version}" for name, version in benchmark.programs.items())
    yield f"load meanwhile: {load(benchmark)}; seconds as median (least to most), processor time with the daemons'"


def _row(label: str, *cells: str, column: int = _COLUMN) -> str:
    return (f"  {label:<{_LABEL}}" + "".join(f"{cell:>{column}}" for cell in cells)).rstrip()


def _overview(mine: Sequence[Pairs]) -> Iterator[str]:
    yield _row("", *OVERVIEW)
    for race in mine:
        yield _row(race.state, *overview(race))


def overview(race: Pairs) -> list[str]:
    """Return the cells of a case in one state, under the headings `OVERVIEW`."""
    spreads = (
        race.spread(Side.RECIPE, wall),
        race.spread(Side.OURS, wall),
        race.ratio(wall),
        race.ratio(processor),
        race.spread(Side.OURS, lambda run: run.own),
    )
    return list(map(shown, spreads))


def _detail(race: Pairs) -> Iterator[str]:
    yield f"{race.case}, {race.state}: the recipe's / ours"
    yield _row("", *(figure.name for figure in FIGURES), column=_NARROW)
    for stage, cells in stages(race):
        yield _row(stage, *cells, column=_NARROW)


def stages(race: Pairs) -> Iterator[tuple[str, list[str]]]:
    """Yield each stage with its figures as text, those of the recipe and ours; the last one is the total."""
    for stage in (*STAGES, "total"):
        both = [[one for run in race.of(side) if (one := _part(run, stage))] for side in (Side.RECIPE, Side.OURS)]
        if any(both):
            yield stage, [" / ".join(figure.shown(runs) for runs in both) for figure in FIGURES]


def _part(run: Run, stage: str) -> Figures | None:
    return run.total if stage == "total" else run.stages.get(stage)


def wall(run: Run) -> float:
    """Return the seconds that a run took."""
    return run.total.wall


def processor(run: Run) -> float:
    """Return the seconds of a processor that a run took, with those of the daemons."""
    return run.total.all_processor


def load(benchmark: Benchmark) -> str:
    """Return the machine's load while it was measured on."""
    return shown(Spread.of([run.load for run in benchmark.runs] or [0.0]))


def shown(spread: Spread | None) -> str:
    """Return the median as text, and in brackets the range of several rounds; `-` where there is nothing."""
    if spread is None:
        return "-"
    of_several = "" if spread.least == spread.most else f" ({spread.least:.2f} to {spread.most:.2f})"
    return f"{spread.median:.2f}{of_several}"
