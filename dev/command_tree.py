"""The commands of the program, groups and what is in them, as click knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath import cli

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def every_command() -> dict[tuple[str, ...], click.Command]:
    """Return every command and group by its words; those of the program itself are empty."""
    return dict(_below(cli.goldenpath, ()))


def command_of(words: Sequence[str]) -> tuple[click.Command, list[str]]:
    """Return the command that `words` begin with, and the words after it. Raises `KeyError` for an unknown command."""
    command: click.Command = cli.goldenpath
    rest = list(words)
    while rest and isinstance(command, click.Group):
        inner = command.get_command(click.Context(command), rest[0])
        if inner is None:
            raise KeyError(rest[0])
        command, rest = inner, rest[1:]
    return command, rest


def _below(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from _below(command_of((*words, name))[0], (*words, name))
