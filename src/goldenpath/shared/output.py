"""How much the command prints, and in which form: `--quiet`, `--json`, terminals and CI.

Sources: no-color.org (rich follows NO_COLOR itself); terminfo's `dumb`, a terminal that can move no cursor; `CI`, which
GitHub, GitLab and most other CI systems set.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.shared import runner

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOT_IN_CI = {"", "0", "false"}


@dataclass
class _OutputMode:
    """The form that was chosen for the command that runs."""

    quiet: bool = False
    json: bool = False


# One for the process: stages print from several threads, so it is no ContextVar.
_mode = _OutputMode()


@contextmanager
def chosen(*, quiet: bool = False, as_json: bool = False) -> Iterator[None]:
    """In the block print only errors, verdicts and what was asked for (`quiet`); report the result `as_json`."""
    before = replace(_mode)
    _mode.quiet, _mode.json = quiet, as_json
    try:
        yield
    finally:
        _mode.quiet, _mode.json = before.quiet, before.json


def is_quiet() -> bool:
    """Tell whether only errors, the verdict and what a command was asked to show are printed."""
    return _mode.quiet


def is_json() -> bool:
    """Tell whether the result of the command is reported as one JSON document."""
    return _mode.json


def may_redraw() -> bool:
    """Tell whether stdout is a terminal whose lines may be drawn again.

    A runner takes a workflow command, a mask above all, only at the start of a line: no line is redrawn in CI, even
    where its steps have a terminal.
    """
    return not _mode.quiet and sys.stdout.isatty() and _redraws(runner.variables())


def _redraws(variables: Mapping[str, str]) -> bool:
    in_ci = runner.in_actions() or variables.get("CI", "").lower() not in _NOT_IN_CI
    return not in_ci and variables.get("TERM") != "dumb"
