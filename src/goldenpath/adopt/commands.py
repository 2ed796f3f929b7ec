"""The commands `init`, `doctor` and `settle`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath import runner
from goldenpath.adopt import called, checkout, doctoring, scaffold, settling
from goldenpath.adopt.remark import Level
from goldenpath.errors import BadInput, SetupIncomplete
from goldenpath.model.names import EcrRepository
from goldenpath.report.console import Progress

if TYPE_CHECKING:
    from goldenpath.adopt.remark import Remark

_MARKS = {Level.GOOD: "✓", Level.LEFT_OUT: "·", Level.WARNING: "!", Level.ERROR: "✗"}
_SOURCE = click.option("--source", type=click.Path(path_type=Path), default=Path(), help="The app's git checkout.")


@click.command()
@_SOURCE
@click.option("--ecr-repository", default="", help="Name in ECR. [default: the repository's own name]")
@click.option("--dockerfile", default="", help="The Dockerfile. [default: the one nearest to the root]")
@click.option("--ref", default="main", help="The platform's release or commit to call. [default: main]")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option("--force", is_flag=True, help="Overwrite a delivery workflow that says something else.")
def init(*, source: Path, ecr_repository: str, dockerfile: str, ref: str, dry_run: bool, force: bool) -> None:
    """Write the delivery workflow and `.goldenpath.yml` into an app's repository. Asks nothing."""
    progress, found = Progress(), checkout.look(source)
    try:
        name = EcrRepository(ecr_repository or found.name)
    except ValueError as problem:
        raise BadInput(str(problem), fix="name one with --ecr-repository") from None
    place = dockerfile.removeprefix("./") or next(iter(found.dockerfiles), "")
    planned = scaffold.plan(found.folder, name, place, ref)
    if dry_run:
        progress.line("".join(each.diff() for each in planned) or "nothing would change")
        return
    written = {each.path for each in scaffold.write(found.folder, planned, force=force)}
    for each in planned:
        progress.line(f"✓ {each.path} {'written' if each.path in written else 'is there already'}")
    progress.line(f"  delivers {place or '(no Dockerfile yet)'} to the ECR repository {name}")
    progress.line("Next: commit both, then run `goldenpath doctor`.")


@click.command()
@_SOURCE
@click.option("--role-arn", default="", help="ARN of the role that an environment's secret holds.")
@click.option("--aws-region", default="eu-west-2", show_default=True, help="AWS region of the registry.")
@click.option("--offline", is_flag=True, help="Ask neither GitHub nor AWS.")
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
def doctor(*, source: Path, role_arn: str, aws_region: str, offline: bool, strict: bool) -> None:
    """Check an app's repository, or the platform's own, and its set-up; every remark with its fix."""
    progress = Progress()
    asked = doctoring.Asked(checkout.look(source), role_arn, aws_region)
    world = doctoring.World() if offline else doctoring.World.read(asked, runner.variables())
    remarks = doctoring.examine(asked, called.read(), world)
    for each in remarks:
        _tell(each, progress)
    bad = [each for each in remarks if each.level >= (Level.WARNING if strict else Level.ERROR)]
    progress.line(_counted(remarks))
    if bad:
        raise SetupIncomplete(f"{len(bad)} of {len(remarks)} checks failed", fix="do what stands beside each `do:`")


@click.command()
@_SOURCE
@click.option("--by", "settled_by", required=True, help="Who settled the secrets: a person or a team.")
@click.option("--reason", required=True, help="How they were settled, like 'revoked on 2024-05-02, ticket SEC-12'.")
@click.option("--fingerprint", "chosen", multiple=True, help="Only this finding; may be repeated. [default: all]")
def settle(*, source: Path, settled_by: str, reason: str, chosen: tuple[str, ...]) -> None:
    """Record the revoked secrets of an app's history in `.goldenpath-settled.yml`, for review.

    A record counts once it is merged into the default branch, if the platform allows it. A secret that a checked-out
    file still has is not recorded.
    """
    settling.settle(settling.Wanted(checkout.look(source).folder, settled_by, reason, frozenset(chosen)), Progress())


def _tell(remark: Remark, progress: Progress) -> None:
    progress.line(f"{_MARKS[remark.level]} {remark.about:<14} {remark.what}")
    if remark.fix:
        progress.line(f"{'':<17}do: {remark.fix}")


def _counted(remarks: tuple[Remark, ...]) -> str:
    names = {Level.GOOD: "good", Level.WARNING: "warning", Level.ERROR: "error", Level.LEFT_OUT: "left out"}
    counts = {level: sum(each.level is level for each in remarks) for level in names}
    countable = {Level.WARNING, Level.ERROR}
    return ", ".join(
        f"{count} {names[level]}{'s' if level in countable and count != 1 else ''}" for level, count in counts.items()
    )
