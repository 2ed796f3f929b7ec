"""What is measured: a cost that grows with an input of some size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[], object]
Prepare = Callable[[int, Path], Work]


@dataclass(frozen=True)
class Case:
    """A cost to measure: what is done, for so many of what, and in which `group` it is asked for by name.

    `once` is for work that cannot be done twice on one input, `builds` for work that a builder does beside it.
    """

    name: str
    group: str
    what: str
    unit: str
    sizes: tuple[int, ...]
    prepare: Prepare
    once: bool = False
    builds: bool = False
