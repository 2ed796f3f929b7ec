"""The `registry` commands for a terminal: request, adopt, plan, apply and list. `workflow_commands` has the rest."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from goldenpath.registries import adoption, catalogue, workflow_commands
from goldenpath.registries.account import role_policies
from goldenpath.registries.aws.ecr import PlatformEcr
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.images import forecast
from goldenpath.registries.options import CHECKOUT, ENVIRONMENT, NAME, REQUIRED, option, with_request_options
from goldenpath.registries.request import parse_request
from goldenpath.registries.terraform import planning, plans
from goldenpath.shared import runner
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import BadInput
from goldenpath.shared.names import DEFAULT_REGION, AccountId, Digest, Name, Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.registries.catalogue import CatalogueFiles
    from goldenpath.registries.terraform.plans import TerraformPlan

Named = TypeVar("Named", bound=Name)
_NEXT = (
    "next: merge it by a pull request without the label ecr-registry, then start the workflow create-ecr-registry with "
    "the same values (it writes requester and domain where they are missing): it shows the plan, and its merge makes "
    "the registry; or use `registry plan` and `registry apply`"
)
_NEXT_ADOPTED = (
    "next: merge it by a pull request without the label ecr-registry, then start the workflow create-ecr-registry with "
    "the same values and `adopt`: it shows the plan, and its merge makes the repository a registry"
)

_REGION = click.option(
    "--aws-region", envvar=("GOLDENPATH_AWS_REGION", "AWS_REGION"), show_envvar=True, default=DEFAULT_REGION,
    help="AWS region of state and registries.",
)  # fmt: skip


@click.group()
def registry() -> None:
    """Request, adopt, plan, apply, change and retire registries; list them, and report on their state."""


@registry.command()
@CHECKOUT
@with_request_options
def request(checkout: Path, **fields: str) -> dict[str, object]:
    """Write a registry into its environment's configuration, and update the catalogue."""
    wanted, progress = parse_request(fields), Progress()
    changed = ecr_tf.add(checkout, wanted)
    catalogue.write(checkout)
    where = f"envs/{wanted.environment}/ecr.tf"
    progress.line(f"✓ {wanted.name} ({wanted.fields['id']}) is {'now' if changed else 'already'} in {where}")
    progress.note(_NEXT)
    return {"name": wanted.name, "environment": wanted.environment, "file": where, "changed": changed}


@registry.command()
@CHECKOUT
@with_request_options
@_REGION
def adopt(checkout: Path, aws_region: str, **fields: str) -> dict[str, object]:
    """Describe a repository that exists at ECR as a registry, and update the catalogue; AWS is only read."""
    wanted, progress = parse_request(fields), Progress()
    repository = PlatformEcr({**runner.variables(), "AWS_REGION": aws_region}).describe(wanted.name)
    settings = adoption.settings_for(wanted, repository, ecr_tf.load_controls(checkout))
    changed = ecr_tf.add(checkout, wanted, settings)
    catalogue.write(checkout)
    where = f"envs/{wanted.environment}/ecr.tf"
    progress.line(f"✓ {wanted.name} is {'now' if changed else 'already'} in {where}, as ECR has it")
    progress.note(_NEXT_ADOPTED)
    return {"name": wanted.name, "environment": wanted.environment, "file": where, "changed": changed}


@registry.command("catalogue")
@CHECKOUT
def write_catalogue(checkout: Path) -> CatalogueFiles:
    """Update the catalogue of all registries, for people and for programs."""
    written = catalogue.write(checkout)
    Progress().line(f"✓ {catalogue.FOR_PEOPLE} and {catalogue.FOR_PROGRAMS} are up to date")
    return written


@registry.command("list")
@CHECKOUT
def list_registries(checkout: Path) -> list[object]:
    """List every registry: environment, name, owner, risk, and the controls of the risk."""
    progress, entries = Progress(), [*catalogue.collect(checkout)]
    for entry in entries:
        leaving = f" deprecated since {entry.deprecated_since}" if entry.deprecated_since else ""
        controls = f"{entry.mutability.lower()} {entry.encryption} keeps {entry.keep}"
        progress.line(f"{entry.environment:<8} {entry.name:<32} {entry.owner:<20} {entry.risk:<7} {controls}{leaving}")
    return [*entries]


def _with_workspace_options(command: Callable[..., object]) -> Callable[..., object]:
    for decorate in (
        click.option("--removal", is_flag=True, help="The registry has left ecr.tf: plan its removal."),
        option("--work-dir", "Folder for the plan and Terraform's own files.", type=click.Path(path_type=Path)),
        _REGION,
        option("--state-bucket", f"The S3 bucket that keeps Terraform's state. {REQUIRED}", default=""),
        NAME,
        ENVIRONMENT,
        CHECKOUT,
    ):
        command = decorate(command)
    return command


@registry.command()
@_with_workspace_options
def plan(*, name: str, removal: bool, **workspace_options: object) -> dict[str, object]:
    """Plan one registry; print its changes and the digest that `apply` takes."""
    workspace = _workspace(**workspace_options)  # type: ignore[arg-type]
    return _print_plan(planning.plan(workspace, name, removal=removal), name, workspace.environment)


@registry.command()
@_with_workspace_options
@option("--digest", f"Digest of the plan that was reviewed, as `plan` printed it. {REQUIRED}", default="")
def apply(*, name: str, digest: str, removal: bool, **workspace_options: object) -> dict[str, object]:
    """Plan one registry again and apply the plan, if it has the digest that was reviewed."""
    try:
        reviewed = Digest(digest)
    except ValueError as error:
        raise BadInput("The digest of the reviewed plan is missing or malformed", why=str(error), fix="Give the "
                       "line `digest:` that `goldenpath registry plan` printed as --digest") from None  # fmt: skip
    # Planned again: a plan file of an hour ago may describe a state that is gone.
    planned = planning.apply(_workspace(**workspace_options), name, reviewed, removal=removal)  # type: ignore[arg-type]
    Progress().line(
        f"✓ {name}: " + (f"applied; changes: {len(planned.changes)}" if planned.changes else "nothing was to do")
    )
    return {"name": name, "digest": str(reviewed), "changes": len(planned.changes)}


@registry.command()
@CHECKOUT
@ENVIRONMENT
@NAME
@_REGION
@click.option("--preview", is_flag=True, help="Compare it with ECR's own preview, which takes some seconds.")
def lifecycle(*, checkout: Path, environment: str, name: str, aws_region: str, preview: bool) -> list[str]:
    """Show which images the lifecycle policy of a registry removes or archives next; change nothing."""
    entry, progress = ecr_tf.find(checkout, environment, name), Progress()
    ecr = PlatformEcr({**runner.variables(), "AWS_REGION": _named(Region, "aws_region", aws_region)})
    expected = forecast.forecast(ecr, entry.name, dt.datetime.now(dt.UTC))
    lines = [*forecast.lines(expected)]
    for line in lines:
        progress.line(line)
    if preview:
        different = forecast.differences(expected, ecr.lifecycle_preview(entry.name))
        for line in different:
            progress.line(f"! {line}")
        if not different:
            progress.line("✓ ECR's own preview says the same")
    return lines


@registry.command("in-use-policies")
@_REGION
@option("--account", f"The AWS account of the registries. {REQUIRED}", default="")
def in_use_policies(aws_region: str, account: str) -> dict[str, object]:
    """Print the IAM policies of the roles that keep images in use: `look` at clusters, and `tag` images."""
    owner, region = _named(AccountId, "account", account), _named(Region, "aws_region", aws_region)
    policies = {"look": role_policies.look_policy(), "tag": role_policies.tag_policy(owner, region)}
    click.echo(json.dumps(policies, indent=2))
    return {**policies}


def _named(kind: type[Named], field: str, text: str) -> Named:
    try:
        return kind(text)
    except ValueError as error:
        raise BadInput("An input cannot be used", why=f"`{field}`: {error}", fix="Give it; `--help` says how") from None


def _workspace(
    checkout: Path, environment: str, state_bucket: str, aws_region: str, work_dir: Path | None
) -> planning.TerraformWorkspace:
    mistakes = [] if state_bucket else ["`state_bucket` is missing"]
    try:
        Region(aws_region)
    except ValueError as error:
        mistakes.append(f"`aws_region`: {error}")
    if mistakes:
        raise BadInput("An input cannot be used", why="; ".join(mistakes), fix="Give it; `--help` says how")
    variables = runner.variables()
    folder = work_dir or runner.default_work_dir(variables) / "registry"
    return planning.TerraformWorkspace(
        checkout, environment, state_bucket, aws_region, folder, {**variables, "AWS_REGION": aws_region}
    )


def _print_plan(planned: TerraformPlan, name: str, environment: str) -> dict[str, object]:
    progress, digest = Progress(), plans.plan_digest(planned, environment)
    for change in planned.changes:
        progress.line(f"{change.description:<20} {change.address}")
    for change in planned.drift:
        progress.line(f"{'changed elsewhere':<20} {change.address}")
    if not planned.changes:
        progress.line(f"✓ {name} is as it is described; nothing is to do")
    progress.line(f"digest: {digest}")
    return {
        "name": name,
        "digest": str(digest),
        "changes": [{"action": change.description, "address": change.address} for change in planned.changes],
        "drift": [change.address for change in planned.drift],
    }


for _command in workflow_commands.COMMANDS:
    registry.add_command(_command)
