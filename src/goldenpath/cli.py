"""The `goldenpath` command. Only here does the program exit."""

from __future__ import annotations

import importlib
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from goldenpath import __version__, commands, pipeline, runner
from goldenpath.adopt import commands as adopt_commands
from goldenpath.errors import BadInput, Cancelled, GoldenPathError, LocalTrouble
from goldenpath.model import inputs
from goldenpath.registries.commands import registry
from goldenpath.release import commands as release_commands
from goldenpath.report.console import Progress
from goldenpath.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from goldenpath.model.inputs import Input
    from goldenpath.stages.base import Stage

_HELP = """Deliver a container from a git checkout to Amazon ECR.

\b
    goldenpath local demo                                    try it all on this machine
    goldenpath deliver --environment dev --ecr-repository my-app

`deliver` runs the stages in order; each is a command of its own, which works on the files that the one before it left
in the work folder. Every option can also come by the variable named beside it.
"""


class _WithLocal(click.Group):
    """The commands; `local` is loaded when it is asked for, since it needs packages that a runner does not."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the name of every command."""
        return sorted([*super().list_commands(ctx), "local"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command `cmd_name`."""
        return _local() if cmd_name == "local" else super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's
        """List the commands, without loading `local` for it."""
        rows = [(name, each.get_short_help_str(limit=90)) for name, each in sorted(self.commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl([*rows, ("local", "Try everything on this machine, without any account.")])


def _local() -> click.Command:
    try:
        command: click.Command = importlib.import_module("goldenpath.local.commands").local
    except ModuleNotFoundError as error:
        raise LocalTrouble(
            "`goldenpath local` is not installed",
            why=str(error),
            fix="from a checkout set GOLDENPATH_LOCK=dev; else: pip install 'goldenpath-delivery[local]'",
        ) from error
    return command


@click.group(
    cls=_WithLocal, help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}
)
@click.version_option(__version__)
def goldenpath() -> None:
    """Deliver a container from a git checkout to Amazon ECR."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit: 0, or the exit code of the error that ended it."""
    raise SystemExit(run(sys.argv[1:] if argv is None else list(argv)))


def run(argv: Sequence[str]) -> int:
    """Run the command and return its exit code; every error is told before."""
    return guarded(lambda: goldenpath.main(args=list(argv), prog_name="goldenpath", standalone_mode=False))


def guarded(action: Callable[[], object]) -> int:
    """Do `action` and return the exit code; every error is told before, and a signal that cancels becomes one."""
    signal.signal(signal.SIGTERM, _cancel)
    signal.signal(signal.SIGINT, _cancel)
    try:
        action()
    except GoldenPathError as error:
        return _told(error)
    except click.ClickException as error:
        return _told(BadInput(error.format_message(), fix="see `goldenpath --help`, or `--help` after the command"))
    except click.Abort:
        return _told(Cancelled("the run was interrupted", fix="run it again"))
    return 0


def _cancel(number: int, _frame: FrameType | None) -> None:
    """Turn the first signal into an error that unwinds through every undo; a second one must not cut that short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Cancelled(f"the run was stopped by {signal.Signals(number).name}", fix="run it again: a re-run is safe")


def _told(error: GoldenPathError) -> int:
    Progress().error(error)
    Runner(in_actions=runner.in_actions()).annotate("error", runner.plain(str(error)), title=error.code)
    return error.exit_code


def _command(name: str, text: str, listed: Sequence[Input], act: Callable[[dict[str, str]], object]) -> click.Command:
    def callback(**given: Any) -> None:  # noqa: ANN401  click passes every option by name
        raw = {key: value for key, value in given.items() if value is not None}
        secrets = {each.name: runner.variables().get(each.variable, "") for each in listed if each.secret}
        act({**raw, **secrets})

    return click.Command(
        name, callback=callback, help=text, params=[_option(each) for each in listed if not each.secret]
    )


def _option(declared: Input) -> click.Option:
    return click.Option(
        [declared.option, declared.name],
        help=declared.help + (f" [default: {declared.default}]" if declared.default else ""),
        envvar=declared.variable,
        show_envvar=True,
        required=False,
        metavar=declared.name.rpartition("_")[2].upper(),
    )


def _stage_command(stage: Stage) -> click.Command:
    def act(raw: dict[str, str]) -> None:
        progress = Progress()
        request = inputs.read(stage.inputs, raw)
        pipeline.run_stage(stage, pipeline.prepare(request, Runner.read(runner.variables()), progress), progress)

    return _command(stage.name, stage.help, stage.inputs, act)


def _deliver(raw: dict[str, str]) -> None:
    progress = Progress()
    request = inputs.read(pipeline.INPUTS, raw)
    pipeline.deliver(pipeline.prepare(request, Runner.read(runner.variables()), progress), progress)


for _stage in (*pipeline.FIRST, *pipeline.STAGES, *pipeline.ALWAYS, *pipeline.ASIDE):
    goldenpath.add_command(_stage_command(_stage))
goldenpath.add_command(_command("deliver", "Run the whole pipeline: every stage in order.", pipeline.INPUTS, _deliver))
goldenpath.add_command(commands.tools)
goldenpath.add_command(release_commands.release)
goldenpath.add_command(release_commands.iam_group)
goldenpath.add_command(commands.policy)
goldenpath.add_command(registry)
goldenpath.add_command(adopt_commands.init)
goldenpath.add_command(adopt_commands.doctor)
