"""How a cost grows with a size: a curve of a fixed part and a power of the size, fitted to measured points.

The fixed part matters. A command that takes 0.3 s before it reads anything would hide a square behind it, if the
exponent were that of the whole cost.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# An exponent up to this is taken for linear: sorting costs n log n, and a machine is never quiet.
LINEAR = 1.15
# A cost that stays within this factor over all sizes does not grow, whatever its noise looks like.
FLAT = 1.3
# What a machine adds to a point at random, as a part of the largest one.
_NOISE = 0.05
_STEPS, _STEEPEST = 100, 3


@dataclass(frozen=True)
class Point:
    """What one size took: seconds with a processor, and seconds in all."""

    size: int
    cpu: float
    wall: float


@dataclass(frozen=True)
class Fit:
    """The curve `fixed + growth * size ** exponent`, in seconds; `is_flat` where nothing grows."""

    fixed: float
    growth: float
    exponent: float
    is_flat: bool = False

    @property
    def is_linear(self) -> bool:
        """Whether it is linear or better."""
        return self.is_flat or self.exponent <= LINEAR

    def at(self, size: float) -> float:
        """Return the seconds that the curve has at `size`."""
        return self.fixed + self.growth * float(size**self.exponent)


def fit(points: Sequence[Point]) -> Fit:
    """Return the curve through the processor times of `points`, which have two sizes or more.

    Points weigh by their proportional error, so that the small ones count too, but not by what is noise to the largest.
    """
    taken = [point.cpu for point in points]
    if max(taken) <= min(taken) * FLAT:
        return Fit(sum(taken) / len(taken), 0.0, 0.0, is_flat=True)
    steps = range(1, _STEEPEST * _STEPS + 1)
    return min((_with(step / _STEPS, points) for step in steps), key=lambda fit: _error(fit, points))


def line(points: Sequence[Point]) -> Fit:
    """Return the straight line through `points`."""
    return _with(1.0, points)


def _with(exponent: float, points: Sequence[Point]) -> Fit:
    """Return the best curve that has this `exponent`; neither of its parts is negative."""
    powers = [float(point.size) ** exponent for point in points]
    weights = _weights(points)
    one_one = math.fsum(weights)
    one_power = math.fsum(map(operator.mul, weights, powers))
    power_power = math.fsum(weight * power**2 for weight, power in zip(weights, powers, strict=True))
    one_cpu = math.fsum(weight * point.cpu for weight, point in zip(weights, points, strict=True))
    power_cpu = math.fsum(
        weight * power * point.cpu for weight, power, point in zip(weights, powers, points, strict=True)
    )
    determinant = one_one * power_power - one_power**2
    if determinant > 0:
        fixed = (one_cpu * power_power - power_cpu * one_power) / determinant
        growth = (power_cpu * one_one - one_cpu * one_power) / determinant
        if fixed >= 0 and growth >= 0:
            return Fit(fixed, growth, exponent)
    through_nothing, constant = Fit(0.0, power_cpu / power_power, exponent), Fit(one_cpu / one_one, 0.0, exponent)
    return min(through_nothing, constant, key=lambda fit: _error(fit, points))


def _weights(points: Sequence[Point]) -> list[float]:
    noise = _NOISE * max(point.cpu for point in points)
    return [(point.cpu + noise) ** -2 for point in points]


def _error(fit: Fit, points: Sequence[Point]) -> float:
    off = zip(_weights(points), points, strict=True)
    return math.fsum(weight * (fit.at(point.size) - point.cpu) ** 2 for weight, point in off)
