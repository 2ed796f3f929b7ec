"""The commands `goldenpath local`: run every service on this machine, to try a delivery without an AWS account."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from goldenpath.local import state
from goldenpath.local.control import Seed
from goldenpath.local.demo import acts
from goldenpath.local.demo import demo as demonstration
from goldenpath.local.engine import engine
from goldenpath.shared import runner
from goldenpath.shared.console import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.local.demo.acts import DemoResult
    from goldenpath.local.state import LocalState


class LocalStop(Struct, frozen=True):
    """Whether the services were running; `engine_in_use` where a delivery or demo still uses the engine we started."""

    was_running: bool
    engine_in_use: bool


@click.group()
def local() -> None:
    """Try everything on this machine: a real registry, an AWS emulator, GitHub's doubles."""


@local.command()
def demo() -> DemoResult:
    """Deliver the sample app to dev and prod, and show how commits are stopped that must not reach prod."""
    return demonstration.run(Progress())


@local.command()
@click.option("--repository", "repositories", multiple=True, default=("my-app",), show_default=True, metavar="NAME")
@click.option("--environment", default="", help="Environment that they belong to, by their tag. [default: none]")
@click.option("--immutable", is_flag=True, help="Refuse to move tags, as repositories of high risk do.")
@click.option("--engine", "with_engine", is_flag=True, help="Start a Docker Engine too, where none is running.")
def up(repositories: tuple[str, ...], *, environment: str, immutable: bool, with_engine: bool) -> dict[str, str]:
    """Start the registry and the AWS emulator, and print the env variables that lead the other commands to them.

    \b
        eval "$(goldenpath local up --repository my-app)"
        goldenpath deliver --environment dev --ecr-repository my-app
    """  # noqa: D301  click reads the sign itself
    fixed, movable = (repositories, ()) if immutable else ((), repositories)
    seed = Seed(repositories=movable, immutable_repositories=fixed, environment=environment, roles=(acts.ROLE,))
    running = state.up(_folder(), seed=seed)
    build_variables = demonstration.engine_variables(engine.start_detached(_comment)) if with_engine else {}
    database = demonstration.database_variables(_comment)
    return _print_exports({**_variables(running), **build_variables, **database})


@local.command()
def down() -> LocalStop:
    """Stop the registry, the AWS emulator and an engine that `up` started, and delete their content."""
    was_running = state.down(_folder())
    is_stopped = engine.stop()
    Progress().line("stopped" if was_running else "It was not running.")
    return LocalStop(was_running, engine_in_use=not is_stopped)


@local.command()
def status() -> dict[str, object]:
    """Print whether the services run and where, and the env variables that lead to them."""
    running = state.status(_folder())
    if running is None:
        Progress().line("not running; `goldenpath local up` starts it")
        return {"running": False, "variables": {}}
    _comment(f"registry {running.registry_host}, account {running.account}, region {running.region}")
    return {"running": True, "variables": _print_exports(_variables(running))}


def _folder() -> Path:
    return runner.cache_dir() / "local"


def _variables(running: LocalState) -> dict[str, str]:
    role = f"arn:aws:iam::{running.account}:role/{acts.ROLE}"
    return {**running.environment, "GOLDENPATH_ROLE_ARN": role, "GOLDENPATH_AWS_REGION": running.region}


def _print_exports(variables: dict[str, str]) -> dict[str, str]:
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    return variables


def _comment(text: str) -> None:
    click.echo(f"# {text}")
