"""The options that every command takes, and the examples at the end of its help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath import examples
from goldenpath.completion import offer_values
from goldenpath.shared import verbose

if TYPE_CHECKING:
    from collections.abc import Callable


def _switch_on(_context: click.Context, _option: click.Parameter, given: bool) -> None:
    if given:
        verbose.switch(on=True)


def _flag(name: str, text: str, callback: Callable[..., None] | None = None) -> click.Option:
    return click.Option([name], is_flag=True, expose_value=False, is_eager=True, callback=callback, help=text)


# `cli` reads `--quiet` and `--json` before click does: a mistake on the command line must be reported in that form.
COMMON = (
    _flag("--verbose", "Log every program and HTTP request on stderr, with time and status; secrets are masked.",
          _switch_on),
    _flag("--quiet", "Print only errors, the verdict, and what the command is asked to show."),
    _flag("--json", "Print one JSON document on stdout, also for an error, and everything else on stderr."),
)  # fmt: skip
HELP_OPTIONS = ["-h", "--help"]


def completed(command: click.Command, name: str = "") -> click.Command:
    """Return the command `name`, which takes the common options from now on, as every command below it does."""
    if COMMON[0] not in command.params:
        offer_values(command)
        command.epilog = examples.epilog(name)
        command.params.extend(COMMON)
        # click keeps the option for help that a command is first asked for, by whomever.
        command.get_help_option(click.Context(command, help_option_names=HELP_OPTIONS))
        for word, inner in command.commands.items() if isinstance(command, click.Group) else ():
            completed(inner, f"{name} {word}".lstrip())
    return command
