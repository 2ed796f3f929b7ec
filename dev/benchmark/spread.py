"""Several rounds become one figure with its spread."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dev.benchmark.model import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dev.benchmark.model import Benchmark, Run, State


@dataclass(frozen=True)
class Spread:
    """The median of some figures, the least and the most of them."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Return the spread of at least one value."""
        listed = list(values)
        return cls(statistics.median(listed), min(listed), max(listed))


@dataclass(frozen=True)
class Pairs:
    """The runs of one case in one state: each round's of the recipe, and ours of the same round."""

    case: str
    state: State
    recipe: Sequence[Run]
    ours: Sequence[Run]

    def of(self, side: Side) -> Sequence[Run]:
        """Return the runs of one side."""
        return self.ours if side is Side.OURS else self.recipe

    def spread(self, side: Side, figure: Callable[[Run], float]) -> Spread:
        """Return the spread of a figure of one side."""
        return Spread.of(map(figure, self.of(side)))

    def ratio(self, figure: Callable[[Run], float]) -> Spread | None:
        """Return ours divided by the recipe's, round by round; `None` where the recipe has nothing of it."""
        both = [(figure(one), figure(other)) for one, other in zip(self.ours, self.recipe, strict=True)]
        return Spread.of(ours / recipe for ours, recipe in both) if all(recipe for _, recipe in both) else None


def pairs(benchmark: Benchmark) -> Iterator[Pairs]:
    """Yield each case in each state of which both sides have every round, in the order in which they were measured."""
    for case, state in dict.fromkeys((run.case, run.state) for run in benchmark.runs):
        mine = [run for run in benchmark.runs if (run.case, run.state) == (case, state)]
        sides = ({run.round: run for run in mine if run.side is side} for side in (Side.RECIPE, Side.OURS))
        recipe, ours = sides
        both = sorted(recipe.keys() & ours.keys())
        if both:
            yield Pairs(case, state, [recipe[number] for number in both], [ours[number] for number in both])
