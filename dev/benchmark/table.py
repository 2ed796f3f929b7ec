"""The result as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dev.benchmark.model import STAGES, Side
from dev.benchmark.spread import Spread, pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dev.benchmark.model import Benchmark, Figures, Run
    from dev.benchmark.spread import Pairs

_MEGABYTE = 1_000_000
_LABEL, _COLUMN = 16, 24


def render(benchmark: Benchmark) -> str:
    """Return the whole result."""
    found = list(pairs(benchmark))
    lines = [*_head(benchmark)]
    for case, about in benchmark.cases.items():
        mine = [each for each in found if each.case == case]
        if mine:
            lines += ["", f"{case}: {about}", *_overview(mine)]
    for each in found:
        lines += ["", *_detail(each)]
    return "\n".join(lines) + "\n"


def _head(benchmark: Benchmark) -> Iterator[str]:
    machine = benchmark.machine
    yield f"goldenpath deliver and the recipe in turns, {benchmark.date}, commit {benchmark.commit}"
    yield f"{machine.system}, {machine.processor}, {machine.cores} cores, {machine.memory / 1e9:.0f} GB"
    yield ", ".join(f"{name} {version}" for name, version in benchmark.programs.items())
    yield f"load before: {machine.load:.1f}; seconds as median (least to most), processor time with the daemons'"


def _row(label: str, *cells: str) -> str:
    return (f"  {label:<{_LABEL}}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells)).rstrip()


def _overview(mine: Sequence[Pairs]) -> Iterator[str]:
    yield _row("", "recipe", "ours", "time, ratio", "processor, ratio", "our own work")
    for each in mine:
        yield _row(
            each.state,
            seconds(each.spread(Side.RECIPE, wall)),
            seconds(each.spread(Side.OURS, wall)),
            times(each.ratio(wall)),
            times(each.ratio(processor)),
            seconds(each.spread(Side.OURS, lambda run: run.own)),
        )


def _detail(each: Pairs) -> Iterator[str]:
    yield f"{each.case}, {each.state}: the recipe's / ours"
    yield _row("", "seconds", "processor", "memory, MB", "read + written, MB", "processes", "requests")
    for stage in (*STAGES, "total"):
        found = [[_part(run, stage) for run in each.of(side)] for side in (Side.RECIPE, Side.OURS)]
        if any(one for runs in found for one in runs):
            yield _row(stage, *_cells(*([one for one in runs if one] for runs in found)))


def _part(run: Run, stage: str) -> Figures | None:
    return run.total if stage == "total" else run.stages.get(stage)


def _cells(recipe: Sequence[Figures], ours: Sequence[Figures]) -> Iterator[str]:
    figures: tuple[tuple[Callable[[Figures], float], int], ...] = (
        (lambda one: one.wall, 2),
        (lambda one: one.all_processor, 2),
        (lambda one: one.memory / _MEGABYTE, 0),
        (lambda one: (one.read + one.written) / _MEGABYTE, 0),
        (lambda one: one.processes, 0),
        (lambda one: one.requests + one.api_calls, 0),
    )
    for figure, digits in figures:
        medians = [f"{Spread.of(map(figure, runs)).median:.{digits}f}" if runs else "-" for runs in (recipe, ours)]
        yield " / ".join(medians)


def wall(run: Run) -> float:
    """Return the seconds that a run took."""
    return run.total.wall


def processor(run: Run) -> float:
    """Return the seconds of a processor that a run took, with those of the daemons."""
    return run.total.all_processor


def seconds(spread: Spread) -> str:
    """Return seconds as text: the median, and in brackets the range of several rounds."""
    return f"{spread.median:.2f} s{_range(spread)}"


def times(spread: Spread | None) -> str:
    """Return a ratio as text, in the same way."""
    return f"{spread.median:.2f}{_range(spread)}" if spread else "-"


def _range(spread: Spread) -> str:
    return "" if spread.least == spread.most else f" ({spread.least:.2f} to {spread.most:.2f})"
