"""Every block of commands in the documents is run by a test or says why not, and the program accepts each command."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest
from tests import documents
from tests.documents import PAGES, ROOT

from goldenpath import cli
from goldenpath.delivery.rules import matrix

if TYPE_CHECKING:
    from pathlib import Path

    from tests.documents import Block

BLOCKS = documents.every_block()
TYPED = [block for block in BLOCKS if block.is_typed]
COMMANDS = [(block, words) for block in BLOCKS for words in block.commands()]
ENVIRONMENTS = {rules.name for rules in matrix.load().environments}
EVERYWHERE = (*PAGES, *sorted((ROOT / "docs" / "errors").glob("*.md")))
INLINE = re.compile(r"`(?:bin/)?goldenpath ([a-z][^`]*)`")
LEFT_OUT = re.compile(r"^Missing |requires an argument\.$")
FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
# A path of this repository, as the text names it; `my_stage.py` and `my-environment` are for the reader to name.
PATH = re.compile(
    r"`((?:src|docs|dev|bin|envs|modules|examples|tests|actions|scripts|locks)/(?![^`]*\bmy[-_]|[^`]*_my_)[\w./-]+)`"
)


def name(value: object) -> str:
    return value.name if isinstance(value, documents.Block) else " ".join(value) if isinstance(value, list) else ""


@pytest.mark.parametrize("block", TYPED, ids=name)
def test_a_block_of_commands_is_run_by_a_test_or_says_why_not(block: Block) -> None:
    kind, _, what = block.mark.partition(": ")
    assert kind in {"run by", "not run"}, "write `<!-- run by: tests/… -->` or `<!-- not run: a reason -->` above it"
    assert what
    named = re.findall(r"tests/[\w./]+", what)
    assert [path for path in named if not (ROOT / path).exists()] == []
    if kind == "run by":
        assert block.page.name in (ROOT / what).read_text(), f"{what} does not read {block.page.name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_command_stands_in_a_block_without_a_language(page: Path) -> None:
    assert [block.name for block in documents.blocks(page) if block.hides_commands] == []


@pytest.mark.parametrize(("block", "words"), COMMANDS, ids=name)
def test_the_program_accepts_each_command_as_it_is_written(block: Block, words: list[str]) -> None:
    assert problem(words) == "", block.name


@pytest.mark.parametrize("page", EVERYWHERE, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_command_within_a_sentence_is_one_of_the_program(page: Path) -> None:
    sentences = " ".join(FENCED.sub("", page.read_text()).split())
    commands = [shlex.split(text) for text in INLINE.findall(sentences)]
    problems = {" ".join(words): problem([word for word in words if word != "…"]) for words in commands}
    # A sentence may leave out what a command requires.
    assert {text: why for text, why in problems.items() if why and not LEFT_OUT.search(why)} == {}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["delivr"], "No such command"),
        (["deliver", "--enviroment", "dev"], "No such option"),
        (["deliver", "--environment", "production"], "no environment production"),
        (["registry", "retire", "--step", "delete"], "'delete' is not one of"),
        (["settle", "--by", "team-web"], "Missing option '--reason'"),
        (["release", "show"], "Missing argument"),
        (["policy", "show", "everything"], "unexpected extra argument"),
    ],
    ids=name,
)
def test_a_command_that_the_program_would_refuse_is_noticed(words: list[str], expected: str) -> None:
    assert expected in problem(words)


def problem(words: list[str]) -> str:
    """Return why the program would refuse the command line `words`; empty when it would not."""
    command: click.Command = cli.goldenpath
    context: click.Context | None = None
    rest = list(words)
    try:
        while isinstance(command, click.Group):
            if not rest:
                return "Missing command"
            context = click.Context(command, parent=context, info_name=command.name)
            _, found, rest = command.resolve_command(context, rest)
            assert found
            command = found
        context = command.make_context(command.name, rest, parent=context)
    except click.UsageError as refused:
        message = refused.format_message()
        # The files of an example are the reader's.
        return "" if message.endswith("does not exist.") else message
    environment = context.params.get("environment") or "dev"
    return "" if environment in ENVIRONMENTS else f"there is no environment {environment}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_path_of_this_repository_that_a_page_names_exists(page: Path) -> None:
    text = FENCED.sub("", page.read_text())
    assert [path for path in PATH.findall(text) if not (ROOT / path).exists()] == []
