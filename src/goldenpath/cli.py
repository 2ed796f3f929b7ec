"""The `goldenpath` command. Only here does the program exit."""

from __future__ import annotations

import gc
import importlib
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NoReturn, cast

import click
from click.shell_completion import CompletionItem

from goldenpath import __version__, input_options
from goldenpath.command_options import HELP_OPTIONS, completed
from goldenpath.delivery import stage_names
from goldenpath.delivery.model import inputs
from goldenpath.delivery.release import cancellation
from goldenpath.delivery.running import execution
from goldenpath.policy import contact
from goldenpath.shared import (
    command_result,
    error_pages,
    output,
    protection,
    runner,
    shown_text,
    verbose,
)
from goldenpath.shared.command_result import CommandResult
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import BadInput, Cancelled, GoldenPathError, LocalTrouble
from goldenpath.shared.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from goldenpath.delivery.running.delivery_result import DeliveryResult
    from goldenpath.delivery.stage import Stage

# After so many new objects Python looks for cycles. With its own 700 it walks a report of 25,000 findings many times.
COLLECT_AFTER = 20_000
_HELP = """Deliver a container from a git checkout to Amazon ECR.

\b
    goldenpath local demo                                    try it all on this machine
    goldenpath deliver --environment dev --ecr-repository my-app

`deliver` runs the stages in order; each is a command of its own, which works on the files that the one before it left
in the work folder. Every option can also come by the variable named beside it.
"""


class _Lazily(click.Group):
    """The commands of a table, each loaded when it is asked for: a step of a workflow run needs one, and needs it soon.

    `local` stands apart: a runner does not have its packages.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's
        """Return the name of every command."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's
        """Return the command `cmd_name`."""
        return completed(_COMMANDS[cmd_name](), cmd_name) if cmd_name in _COMMANDS else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands and options that begin with `incomplete`, without loading any command."""
        named = [CompletionItem(name, help=text) for name, text in sorted(SHORT_HELP.items())]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(item for item in named if item.value.startswith(incomplete)), *options]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's
        """List the commands, without loading any of them for it."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(SHORT_HELP.items()))


@click.group(cls=_Lazily, help=_HELP, context_settings={"help_option_names": HELP_OPTIONS, "max_content_width": 120})
@click.version_option(__version__)
def goldenpath() -> None:
    """Deliver a container from a git checkout to Amazon ECR."""


completed(goldenpath)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit: 0, or the exit code of the error that ended it.

    Before any other program is started, the credentials among the variables are hidden from it.
    """
    protection.hide_environment(runner.SHOWN)
    gc.set_threshold(COLLECT_AFTER)
    raise SystemExit(run(sys.argv[1:] if argv is None else list(argv)))


def run(argv: Sequence[str]) -> int:
    """Run the command and return its exit code; every error is printed before."""
    verbose.switch(on=verbose.asked_by_runner(runner.variables()))
    # Not left to click: a command line with a mistake in it is reported in the form that it asks for, too.
    words = [*takewhile(lambda word: word != "--", argv)]
    with output.chosen(quiet="--quiet" in words, as_json="--json" in words):
        return _with_document(argv) if output.is_json() else _ended(argv).exit_code


def _with_document(argv: Sequence[str]) -> int:
    """Run the command, and write one JSON document to stdout, whatever ends it."""
    # What stays where an exception that is no error of ours leaves this function.
    ended = _Ended(1, error=GoldenPathError("The command ended with a bug", fix="Report it, with what stderr shows"))
    with command_result.document_on_stdout() as stdout:
        try:
            ended = _ended(argv)
        finally:
            error = command_result.described(ended.error) if ended.error else None
            command_result.write(CommandResult(_name(argv), ended.exit_code, error, ended.result), stdout)
    return ended.exit_code


def _ended(argv: Sequence[str]) -> _Ended:
    return _attempt(lambda: goldenpath.main(args=list(argv), prog_name="goldenpath", standalone_mode=False), argv)


def _name(argv: Sequence[str]) -> str:
    """Return the words of the command in `argv`, as far as they name one: a word may be an argument of it."""
    command, names = cast("click.Command", goldenpath), list[str]()
    for word in argv:
        inner = None
        with suppress(LocalTrouble):
            inner = command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
        if inner is not None:
            command = inner
            names.append(word)
    return " ".join(names)


@dataclass(frozen=True)
class _Ended:
    """The end of a command: what it returned, or the error that ended it."""

    exit_code: int
    result: object = None
    error: GoldenPathError | None = None


def guarded(action: Callable[[], object]) -> int:
    """Do `action` and return the exit code; every error is printed before, and a signal that cancels becomes one."""
    return _attempt(action).exit_code


def _see_help(argv: Sequence[str]) -> str:
    return f"See `{' '.join(filter(None, ('goldenpath', _name(argv), '--help')))}`"


def _attempt(action: Callable[[], object], argv: Sequence[str] = ()) -> _Ended:
    cancellation.install_signal_handlers()
    try:
        result = action()
    except GoldenPathError as error:
        return _reported(error)
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message())
        return _Ended(BadInput.exit_code, error=BadInput("The command is not complete", fix=_see_help(argv)))
    except click.ClickException as error:
        return _reported(BadInput(error.format_message(), fix=_see_help(argv)))
    except click.Abort:
        return _reported(Cancelled("The run was interrupted", fix="Run it again"))
    # click returns 0 for `--help` and `--version`.
    return _Ended(0, None if isinstance(result, int) else result)


def _reported(error: GoldenPathError) -> _Ended:
    Progress().error(error)
    message = f"{error} More: {error_pages.address(error.code)}"
    if helper := contact.of_platform():
        if not error.is_shown:
            Progress().line(f"  help: {helper.line}")
        message += f" Help: {helper.line}"
    Runner(in_actions=runner.in_actions()).annotate("error", shown_text.plain(message), title=error.code)
    return _Ended(error.exit_code, error.result, error)


def _stage(name: str) -> click.Command:
    """Return the command of a stage, which has its module's name."""
    stage: Stage = _loaded(f"delivery.stages.{name.replace('-', '_')}", "STAGE")

    listed = (*stage.inputs, inputs.REF)

    def act(raw: dict[str, str]) -> dict[str, str]:
        progress = Progress()
        request = inputs.read(listed, raw)
        run = execution.prepare(request, Runner.read(runner.variables()), progress)
        return execution.run_stage(stage, execution.believing(run, stage), progress)

    return input_options.command(stage.name, stage.help, listed, act)


def _deliver() -> click.Command:
    pipeline = importlib.import_module("goldenpath.delivery.pipeline")
    listed = (*pipeline.INPUTS, inputs.REF)

    def act(raw: dict[str, str]) -> DeliveryResult | None:
        request = inputs.read(listed, raw)
        deliver: Callable[..., DeliveryResult | None] = _loaded("delivery.delivery_command", "deliver")
        return deliver(request, Runner.read(runner.variables()))

    return input_options.command("deliver", "Run the whole pipeline: every stage in order.", listed, act)


def _local() -> click.Command:
    try:
        command: click.Command = _loaded("local.commands", "local")
    except ModuleNotFoundError as error:
        raise LocalTrouble(
            "`goldenpath local` is not installed",
            why=str(error),
            fix="From a checkout set GOLDENPATH_LOCK=dev; else: pip install 'goldenpath-delivery[local]'",
        ) from error
    return command


def _loaded(module: str, name: str) -> Any:  # noqa: ANN401  what it is, the table below says
    return getattr(importlib.import_module(f"goldenpath.{module}"), name)


_COMMANDS: Mapping[str, Callable[[], click.Command]] = {name: partial(_stage, name) for name in stage_names.HELP} | {
    "completion": partial(_loaded, "completion", "completion"),
    "deliver": _deliver,
    "doctor": partial(_loaded, "platform_commands", "doctor"),
    "evidence": partial(_loaded, "evidence_command", "evidence"),
    "explain": partial(_loaded, "commands", "explain_word"),
    "iam": partial(_loaded, "platform_commands", "iam"),
    "init": partial(_loaded, "delivery.adoption.commands", "init"),
    "local": _local,
    "policy": partial(_loaded, "commands", "policy"),
    "pre-commit": partial(_loaded, "delivery.adoption.commands", "pre_commit"),
    "registry": partial(_loaded, "registries.commands", "registry"),
    "release": partial(_loaded, "delivery.release.commands", "release"),
    "report": partial(_loaded, "delivery.report.commands", "report"),
    "settle": partial(_loaded, "delivery.adoption.commands", "settle"),
    "tools": partial(_loaded, "commands", "tools"),
}
# What each command says of itself (tests/unit/test_cli.py compares): to load all of them takes half a second.
SHORT_HELP: Mapping[str, str] = {
    **stage_names.HELP,
    "completion": "Print the script by which SHELL completes commands, options, environments and error codes.",
    "deliver": "Run the whole pipeline: every stage in order.",
    "doctor": "Check the set-up of an app's repository, or of the platform's own.",
    "evidence": "Pack what an auditor asks for into one archive that standard tools can check.",
    "explain": "Explain an error, a finding or a vulnerability, and say what to do about it.",
    "iam": "Print the IAM documents that a role of a delivery needs, and nothing more than it needs.",
    "init": "Write the delivery workflow and `.goldenpath.yml` into an app's repository.",
    "local": "Try everything on this machine: a real registry, an AWS emulator, GitHub's doubles.",
    "policy": "Show, check and explain the rules that decide.",
    "pre-commit": "Search what is staged for secrets, as the gate does, and fail where a commit would bring one.",
    "registry": "Request, adopt, plan, apply, change and retire registries; list them, and report on their state.",
    "release": "Show, verify or repair what a release did, by its receipt.json.",
    "report": "Build or open the report of a delivery: findings, layers, packages and times on one page.",
    "settle": "Record the revoked secrets of an app's history in `.goldenpath-settled.yml`, for review.",
    "tools": "Install, list and verify the pinned programs that the stages start.",
}
