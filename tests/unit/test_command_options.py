from __future__ import annotations

import click

from goldenpath import command_options


def test_the_common_options_are_given_once_to_a_command_and_to_all_below_it() -> None:
    inner, group = click.Command("inner"), click.Group("group")
    group.add_command(inner)
    for _ in range(2):
        command_options.completed(group, "group")
    for command in (group, inner):
        assert [option.name for option in command.params] == ["verbose", "quiet", "json"]
