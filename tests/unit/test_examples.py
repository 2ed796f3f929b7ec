"""Every example in a help is a command line that the command takes; every command has one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from dev.command_tree import command_of, every_command

from goldenpath import cli, examples
from goldenpath.delivery.model import inputs
from tests.unit.test_cli import INPUTS

COMMANDS = [" ".join(words) for words in every_command() if words]


@pytest.fixture(autouse=True)
def _app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Be in a folder with the files that examples name, and with no variable that would fill an input."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".goldenpath.yml").touch()
    for declared in {declared for listed in INPUTS.values() for declared in listed}:
        monkeypatch.delenv(declared.variable, raising=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_ends_its_help_with_examples_as_they_are_typed(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.run([*name.split(), "--help"])
    shown = capsys.readouterr().out.partition("\n  Examples:\n")[2].splitlines()
    assert shown
    assert [line.removeprefix("    ") for line in shown] == list(examples.of(name))


@pytest.mark.parametrize("example", [line for name in COMMANDS for line in examples.of(name)])
def test_an_example_is_taken_by_its_command(example: str) -> None:
    program, *words = shlex.split(example)
    command, arguments = command_of(words)
    context = command.make_context(command.name, [*arguments])
    assert program == "goldenpath"
    name = example.removeprefix("goldenpath ").split()[0]
    if name in INPUTS:
        raw = {
            name: "\n".join(value) if isinstance(value, tuple) else value or ""
            for name, value in context.params.items()
        }
        inputs.read(INPUTS[name], raw)


def test_a_command_without_examples_has_no_heading_for_them() -> None:
    assert (examples.of("gone"), examples.epilog("gone")) == ((), "")


def marked(name: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the options that the help of the command `name` calls required."""
    cli.run([*name.split(), "--help"])
    text = capsys.readouterr().out.partition("Options:")[2]
    entries = re.split(r"\n  (?=-)", text)
    return {entry.strip().split()[0] for entry in entries if "required]" in " ".join(entry.split())}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_asks_for_each_option_that_it_calls_required(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    required = marked(name, capsys)
    for option in required:
        words = shlex.split(examples.of(name)[0])[1:]
        place = words.index(option)
        code = cli.run(words[:place] + words[place + 2 :])
        text = capsys.readouterr().out
        assert code != 0
        # A command of the workflows asks for its run first.
        assert re.search(option.removeprefix("--").replace("-", "[-_ ]"), text) or "there is no workflow run" in text
    if required:
        assert cli.run(name.split()) != 0
        assert asked_for(capsys.readouterr().out) <= required


def asked_for(text: str) -> set[str]:
    """Return the options that an error calls missing."""
    fields = re.findall(r"`([a-z_]+)` is missing", text)
    return {f"--{field.replace('_', '-')}" for field in fields} | set(re.findall(r"Missing option '([a-z-]+)'", text))
