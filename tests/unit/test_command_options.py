from __future__ import annotations

import re
from pathlib import Path

import click
from dev.command_tree import every_command

from goldenpath import command_options
from goldenpath.delivery import stage_names

PAGE = Path(__file__).parents[2] / "docs" / "json.md"


def test_the_common_options_are_given_once_to_a_command_and_to_all_below_it() -> None:
    inner, group = click.Command("inner"), click.Group("group")
    group.add_command(inner)
    for _ in range(2):
        command_options.completed(group, "group")
    for command in (group, inner):
        assert [option.name for option in command.params] == ["verbose", "quiet", "json"]


def test_a_command_keeps_both_options_for_help_whoever_asks_for_it_first() -> None:
    inner, group = click.Command("inner"), click.Group("group")
    group.add_command(inner)
    command_options.completed(group, "group")
    for command in (group, inner):
        asked = command.get_help_option(click.Context(command))
        assert asked
        assert asked.opts == ["-h", "--help"]


def test_the_page_for_scripts_says_what_every_command_reports() -> None:
    rows = re.findall(r"(?m)^\| (`.*?) \| ", PAGE.read_text().partition("## The results")[2])
    named = " ".join(rows)
    missing = []
    for words, command in every_command().items():
        name = " ".join(words)
        if isinstance(command, click.Group) or words[0] in stage_names.HELP or words[0] == "iam":
            continue
        if f"`{name}`" not in named and not (f"`{words[0]} " in named and f"`{words[-1]}`" in named):
            missing.append(name)
    assert missing == []
