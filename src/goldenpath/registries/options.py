"""The options that the `registry` commands share. Every option has an environment variable, named in its help."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


# The command says so itself, with all mistakes together: click would end at the first one.
REQUIRED = "[required]"


def option(name: str, text: str, **more: object) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Return the option `name`, like `--risk`; `more` are further arguments of `click.option`."""
    variable = "GOLDENPATH_" + name.removeprefix("--").replace("-", "_").upper()
    return click.option(name, envvar=variable, show_envvar=True, help=text, **more)  # type: ignore[arg-type]


CHECKOUT = option(
    "--checkout", "The checkout of the platform's repository.", type=click.Path(path_type=Path), default=Path()
)
MERGED = option(
    "--checkout", "The checkout of the merge commit. It is data: nothing of it runs.", type=click.Path(path_type=Path),
    default=Path(),
)  # fmt: skip
TRUSTED = option(
    "--trusted", "The checkout of the default branch, whose Terraform configuration is used.",
    type=click.Path(path_type=Path), default=Path(),
)  # fmt: skip
ENVIRONMENT = option("--environment", f"Environment of the registry, as the policy names it. {REQUIRED}", default="")
NAME = option("--name", f"Name of the repository in ECR, like `my-app`. {REQUIRED}", default="")


def with_request_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add the options for the fields of a request, as `request.parse_request` takes them, to `command`."""
    for decorate in (
        option("--domain", "The business domain it belongs to.", default=""),
        option("--requester", "The requester: a GitHub user name.", default=""),
        option("--risk", f"low, medium or high: selects its controls. {REQUIRED}", default=""),
        option("--owner", f"The team that owns it. {REQUIRED}", default=""),
        NAME,
        ENVIRONMENT,
    ):
        command = decorate(command)
    return command
