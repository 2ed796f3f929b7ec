"""The options that the `registry` commands share. Each can also come by the variable that its help names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def option(name: str, text: str, **more: object) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Return the option `name`, like `--risk`, of a command; `more` is what `click.option` takes besides."""
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
ENVIRONMENT = option("--environment", "Environment: dev, test, staging or prod.", default="")
NAME = option("--name", "Name of the repository in ECR, like `my-app`.", default="")


def of_a_request(act: Callable[..., None]) -> Callable[..., None]:
    """Give the command `act` the options that say which registry is wanted, as `request.parse` takes them."""
    for each in (
        option("--domain", "The business domain it belongs to.", default=""),
        option("--requester", "Who asks: a GitHub user name.", default=""),
        option("--risk", "low, medium or high: decides its controls.", default=""),
        option("--owner", "The team that answers for it.", default=""),
        NAME,
        ENVIRONMENT,
    ):
        act = each(act)
    return act
