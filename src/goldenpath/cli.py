"""The `goldenpath` command. Only here does the program exit."""

from __future__ import annotations

import gc
import importlib
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import click

from goldenpath import __version__
from goldenpath.delivery import stage_names
from goldenpath.delivery.model import inputs
from goldenpath.delivery.release import cancellation
from goldenpath.delivery.running import execution
from goldenpath.shared import error_pages, masks, protection, runner, verbose
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import BadInput, Cancelled, GoldenPathError, LocalTrouble
from goldenpath.shared.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from goldenpath.delivery.model.inputs import Input
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
        return _with_verbose(_COMMANDS[cmd_name]()) if cmd_name in _COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's
        """List the commands, without loading any of them for it."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(SHORT_HELP.items()))


def _switch_on(_context: click.Context, _option: click.Parameter, given: bool) -> None:
    if given:
        verbose.switch(on=True)


_VERBOSE = click.Option(
    ["--verbose"], is_flag=True, expose_value=False, is_eager=True, callback=_switch_on,
    help="Log every program and HTTP request on stderr, with time and status; secrets are masked.",
)  # fmt: skip


def _with_verbose(command: click.Command) -> click.Command:
    """Return `command`, which takes `--verbose` from now on, as every command below it does."""
    if _VERBOSE not in command.params:
        command.params.append(_VERBOSE)
        for inner in command.commands.values() if isinstance(command, click.Group) else ():
            _with_verbose(inner)
    return command


@click.group(
    cls=_Lazily, help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}
)
@click.version_option(__version__)
def goldenpath() -> None:
    """Deliver a container from a git checkout to Amazon ECR."""


_with_verbose(goldenpath)


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
    return guarded(lambda: goldenpath.main(args=list(argv), prog_name="goldenpath", standalone_mode=False))


def guarded(action: Callable[[], object]) -> int:
    """Do `action` and return the exit code; every error is printed before, and a signal that cancels becomes one."""
    cancellation.install_signal_handlers()
    try:
        action()
    except GoldenPathError as error:
        return _reported(error)
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message())
        return BadInput.exit_code
    except click.ClickException as error:
        return _reported(BadInput(error.format_message(), fix="See `goldenpath --help`, or `--help` after the command"))
    except click.Abort:
        return _reported(Cancelled("The run was interrupted", fix="Run it again"))
    return 0


def _reported(error: GoldenPathError) -> int:
    Progress().error(error)
    message = f"{error} More: {error_pages.address(error.code)}"
    Runner(in_actions=runner.in_actions()).annotate("error", runner.plain(message), title=error.code)
    return error.exit_code


def _command(name: str, text: str, listed: Sequence[Input], act: Callable[[dict[str, str]], object]) -> click.Command:
    def callback(**given: Any) -> None:  # noqa: ANN401  click passes every option by name
        raw = {key: "\n".join(value) if isinstance(value, tuple) else value for key, value in given.items() if value}
        secrets = {
            declared.name: runner.variables().get(declared.variable, "") for declared in listed if declared.secret
        }
        masks.hide("\n".join(secrets.values()))
        act({**raw, **secrets})

    return click.Command(
        name, callback=callback, help=text, params=[_option(declared) for declared in listed if not declared.secret]
    )


class _Line(click.types.StringParamType):
    """A text of one line: a variable holds several, and may hold spaces in each."""

    envvar_list_splitter = "\n"


def _option(declared: Input) -> click.Option:
    return click.Option(
        [declared.option, declared.name],
        help=declared.help + (f" [default: {declared.default}]" if declared.default else ""),
        envvar=declared.variable,
        show_envvar=True,
        required=False,
        multiple=declared.repeated,
        type=_Line(),
        metavar=declared.name.rpartition("_")[2].upper(),
    )


def _stage(name: str) -> click.Command:
    """Return the command of a stage, which has its module's name."""
    stage: Stage = _loaded(f"delivery.stages.{name.replace('-', '_')}", "STAGE")

    listed = (*stage.inputs, inputs.REF)

    def act(raw: dict[str, str]) -> None:
        progress = Progress()
        request = inputs.read(listed, raw)
        run = execution.prepare(request, Runner.read(runner.variables()), progress)
        execution.run_stage(stage, execution.believing(run, stage), progress)

    return _command(stage.name, stage.help, listed, act)


def _deliver() -> click.Command:
    pipeline = importlib.import_module("goldenpath.delivery.pipeline")
    listed = (*pipeline.INPUTS, inputs.REF)

    def act(raw: dict[str, str]) -> None:
        progress = Progress()
        request = inputs.read(listed, raw)
        run = execution.prepare(request, Runner.read(runner.variables()), progress, whole=True)
        pipeline.deliver(run, progress)

    return _command("deliver", "Run the whole pipeline: every stage in order.", listed, act)


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
