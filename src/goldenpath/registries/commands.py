"""The `registry` commands: ask for a registry, see what would happen, do it, and list what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath import runner
from goldenpath.errors import BadInput
from goldenpath.model.names import Digest, Region
from goldenpath.registries import catalogue, workflow_commands
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.options import CHECKOUT, ENVIRONMENT, NAME, of_a_request, option
from goldenpath.registries.request import parse_request
from goldenpath.registries.terraform import plans, workspace
from goldenpath.report.console import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.registries.terraform.plans import TerraformPlan


_NEXT = (
    "next: merge it by a pull request without the label ecr-registry, then start the workflow create-ecr-registry with "
    "the same values (it writes requester and domain where they are missing): it shows the plan, and its merge makes "
    "the registry; or use `registry plan` and `registry apply`"
)


_REGION = click.option(
    "--aws-region", envvar=("GOLDENPATH_AWS_REGION", "AWS_REGION"), show_envvar=True, default="eu-west-2",
    help="AWS region of state and registries.",
)  # fmt: skip


@click.group()
def registry() -> None:
    """Ask for, plan, apply, change and retire registries; list them, and report how they are."""


@registry.command()
@CHECKOUT
@of_a_request
def request(checkout: Path, **fields: str) -> None:
    """Write a registry into its environment's configuration, and the catalogue anew."""
    wanted, progress = parse_request(fields), Progress()
    changed = ecr_tf.add(checkout, wanted)
    catalogue.write(checkout)
    where = f"envs/{wanted.environment}/ecr.tf"
    progress.line(f"✓ {wanted.name} ({wanted.fields['id']}) is {'now' if changed else 'already'} in {where}")
    progress.line(_NEXT)


@registry.command("catalogue")
@CHECKOUT
def write_catalogue(checkout: Path) -> None:
    """Write the catalogue of all registries anew, for people and for machines."""
    catalogue.write(checkout)
    Progress().line(f"✓ {catalogue.FOR_PEOPLE} and {catalogue.FOR_MACHINES} are up to date")


@registry.command("list")
@CHECKOUT
def list_registries(checkout: Path) -> None:
    """List every registry: environment, name, owner, risk and what the risk brings."""
    progress = Progress()
    for each in catalogue.collect(checkout):
        leaving = f" deprecated since {each.deprecated_since}" if each.deprecated_since else ""
        brings = f"{each.mutability.lower()} {each.encryption} keeps {each.keep}"
        progress.line(f"{each.environment:<8} {each.name:<32} {each.owner:<20} {each.risk:<7} {brings}{leaving}")


def _placed(act: Callable[..., None]) -> Callable[..., None]:
    for each in (
        click.option("--removal", is_flag=True, help="The registry has left ecr.tf: plan its removal."),
        option("--work-dir", "Folder for the plan and Terraform's own files.", type=click.Path(path_type=Path)),
        _REGION,
        option("--state-bucket", "The S3 bucket that keeps Terraform's state.", default=""),
        NAME,
        ENVIRONMENT,
        CHECKOUT,
    ):
        act = each(act)
    return act


@registry.command()
@_placed
def plan(*, name: str, removal: bool, **placed: object) -> None:
    """Plan one registry alone; print what would happen and the digest by which `apply` knows the plan again."""
    workplace = _workplace(**placed)  # type: ignore[arg-type]
    _tell(workspace.plan(workplace, name, removal=removal), name, workplace.environment)


@registry.command()
@_placed
@option("--digest", "Digest of the plan that was reviewed, as `plan` printed it.", default="")
def apply(*, name: str, digest: str, removal: bool, **placed: object) -> None:
    """Plan one registry again and do it, only if that is the plan that was reviewed."""
    try:
        reviewed = Digest(digest)
    except ValueError as error:
        raise BadInput("the digest of the reviewed plan is missing or malformed", why=str(error), fix="give the "
                       "line `digest:` that `goldenpath registry plan` printed as --digest") from None  # fmt: skip
    made = workspace.apply(_workplace(**placed), name, reviewed, removal=removal)  # type: ignore[arg-type]
    Progress().line(f"✓ {name}: " + (f"applied; changes: {len(made.changes)}" if made.changes else "nothing was to do"))


def _workplace(
    checkout: Path, environment: str, state_bucket: str, aws_region: str, work_dir: Path | None
) -> workspace.TerraformWorkspace:
    mistakes = [] if state_bucket else ["`state_bucket` is missing"]
    try:
        Region(aws_region)
    except ValueError as error:
        mistakes.append(f"`aws_region`: {error}")
    if mistakes:
        raise BadInput("an input cannot be used", why="; ".join(mistakes), fix="give it; `--help` says how")
    variables = runner.variables()
    folder = work_dir or runner.default_work_dir(variables) / "registry"
    return workspace.TerraformWorkspace(
        checkout, environment, state_bucket, aws_region, folder, {**variables, "AWS_REGION": aws_region}
    )


def _tell(made: TerraformPlan, name: str, environment: str) -> None:
    progress = Progress()
    for each in made.changes:
        progress.line(f"{' and '.join(each.actions):<20} {each.address}")
    for each in made.drift:
        progress.line(f"{'changed elsewhere':<20} {each.address}")
    if not made.changes:
        progress.line(f"✓ {name} is as it is described; nothing is to do")
    progress.line(f"digest: {plans.plan_digest(made, environment)}")


for _command in workflow_commands.COMMANDS:
    registry.add_command(_command)
