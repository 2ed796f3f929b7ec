"""What `goldenpath doctor` says: one remark for each thing it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How a check ended, from the best to the worst. `LEFT_OUT`: it could not be looked at from here."""

    GOOD = 0
    LEFT_OUT = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True)
class Remark:
    """What the check `about` found; `fix` is empty when there is nothing to do."""

    level: Level
    about: str
    what: str
    fix: str = ""


def good(about: str, what: str) -> Remark:
    """Return the remark that all is well."""
    return Remark(Level.GOOD, about, what)


def left_out(about: str, what: str, fix: str) -> Remark:
    """Return the remark that this was not looked at, and how it can be."""
    return Remark(Level.LEFT_OUT, about, what, fix)


def warning(about: str, what: str, fix: str) -> Remark:
    """Return the remark that this will hurt one day."""
    return Remark(Level.WARNING, about, what, fix)


def error(about: str, what: str, fix: str) -> Remark:
    """Return the remark that a delivery will fail, or is not guarded as its workflow says."""
    return Remark(Level.ERROR, about, what, fix)
