"""The remarks of `goldenpath doctor`: every check returns one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """The result of a check, from the best to the worst. `LEFT_OUT`: the check could not run here."""

    GOOD = 0
    LEFT_OUT = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True)
class Remark:
    """The result of the check `about`; `fix` is empty when there is nothing to do."""

    level: Level
    about: str
    what: str
    fix: str = ""


def good(about: str, what: str) -> Remark:
    """Return the remark for a check that passed."""
    return Remark(Level.GOOD, about, what)


def hint(about: str, what: str, fix: str) -> Remark:
    """Return the remark for something that is not set up and need not be; `fix` says how it can be."""
    return Remark(Level.GOOD, about, what, fix)


def left_out(about: str, what: str, fix: str) -> Remark:
    """Return the remark for a check that did not run; `fix` says how it can run."""
    return Remark(Level.LEFT_OUT, about, what, fix)


def warning(about: str, what: str, fix: str) -> Remark:
    """Return the remark for a fact that can cause trouble later."""
    return Remark(Level.WARNING, about, what, fix)


def error(about: str, what: str, fix: str) -> Remark:
    """Return the remark for a fact that fails a delivery, or removes a protection that its workflow claims."""
    return Remark(Level.ERROR, about, what, fix)
