from __future__ import annotations

import re
from pathlib import Path

import click

from goldenpath import cli, command_options
from goldenpath.delivery import stage_names
from tests.unit.test_cli import every_command

PAGE = Path(__file__).parents[2] / "docs" / "json.md"


def test_the_common_options_are_given_once_to_a_command_and_to_all_below_it() -> None:
    inner, group = click.Command("inner"), click.Group("group")
    group.add_command(inner)
    for _ in range(2):
        command_options.completed(group, "group")
    for command in (group, inner):
        assert [option.name for option in command.params] == ["verbose", "quiet", "json"]


def test_the_page_for_scripts_says_what_every_command_reports() -> None:
    rows = re.findall(r"(?m)^\| (`.*?) \| ", PAGE.read_text().partition("## The results")[2])
    named = " ".join(rows)
    missing = []
    for words in every_command():
        name = " ".join(words)
        is_group = isinstance(cli.goldenpath.get_command(click.Context(cli.goldenpath), name), click.Group)
        if not words or is_group or words[0] in stage_names.HELP or words[0] == "iam":
            continue
        if f"`{name}`" not in named and not (f"`{words[0]} " in named and f"`{words[-1]}`" in named):
            missing.append(name)
    assert missing == []
