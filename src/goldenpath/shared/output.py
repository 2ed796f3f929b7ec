"""How much the command prints, and in which form: `--quiet`, `--json`, terminals and CI.

Sources: no-color.org (rich follows NO_COLOR itself); terminfo's `dumb`, a terminal that can move no cursor; `CI`, which
GitHub, GitLab and most other CI systems set.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from goldenpath.shared import runner

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_IN_CI = {"", "0", "false"}
_quiet = False
_json = False


def be_quiet(*, on: bool) -> None:
    """Print from now on only errors, the verdict and what a command was asked to show, or everything again."""
    global _quiet  # noqa: PLW0603  stages print from several threads, so it is no ContextVar
    _quiet = on


def is_quiet() -> bool:
    """Tell whether only errors, the verdict and what a command was asked to show are printed."""
    return _quiet


def report_as_json(*, on: bool) -> None:
    """Report the result of the command as one JSON document, or no longer."""
    global _json  # noqa: PLW0603  as above
    _json = on


def is_json() -> bool:
    """Tell whether the result of the command is reported as one JSON document."""
    return _json


def may_redraw() -> bool:
    """Tell whether stdout is a terminal whose lines may be drawn again.

    A runner takes a workflow command, a mask above all, only at the start of a line: no line is redrawn in CI, even
    where its steps have a terminal.
    """
    return not _quiet and sys.stdout.isatty() and _redraws(runner.variables())


def _redraws(variables: Mapping[str, str]) -> bool:
    in_ci = runner.in_actions() or variables.get("CI", "").lower() not in _NOT_IN_CI
    return not in_ci and variables.get("TERM") != "dumb"
