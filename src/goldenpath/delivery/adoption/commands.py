"""The commands `init`, `doctor` and `settle`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.delivery.adoption import checkout, images, reusable_workflow, scaffold, trigger_checks, workflow_checks
from goldenpath.delivery.adoption import doctor as doctoring
from goldenpath.delivery.adoption import settle as settling
from goldenpath.delivery.adoption.check_result import Level
from goldenpath.shared import runner
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import BadInput, SetupIncomplete
from goldenpath.shared.names import DEFAULT_REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.checkout import Checkout
    from goldenpath.delivery.adoption.images import Image

_MARKS = {Level.GOOD: "✓", Level.LEFT_OUT: "·", Level.WARNING: "!", Level.ERROR: "✗"}
_SOURCE = click.option("--source", type=click.Path(path_type=Path), default=Path(), help="The app's git checkout.")


@click.command()
@_SOURCE
@click.option("--ecr-repository", default="", help="Name in ECR. [default: the repository's own name]")
@click.option("--dockerfile", default="", help="The Dockerfile. [default: the one that is clearly the app's]")
@click.option("--monorepo", is_flag=True, help="Deliver each folder with a Dockerfile as an image of its own.")
@click.option("--ref", default="main", help="The platform's release or commit to call. [default: main]")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option("--force", is_flag=True, help="Overwrite a delivery workflow that says something else.")
def init(
    *, source: Path, ecr_repository: str, dockerfile: str, monorepo: bool, ref: str, dry_run: bool, force: bool
) -> None:
    """Write the delivery workflow and `.goldenpath.yml` into an app's repository. Asks nothing."""
    if monorepo and dockerfile:
        raise BadInput("--monorepo and --dockerfile exclude one another.", fix="Give one of them.")
    progress, found = Progress(), checkout.look(source)
    callers = scaffold.existing_callers(found.folder)
    wanted: tuple[Image, ...] = ()
    if not callers:
        several = monorepo and images.several(found, ecr_repository)
        wanted = several or (images.single(found, ecr_repository, dockerfile),)
    planned = scaffold.plan(found.folder, wanted, ref, trigger_checks.development(found.branches))
    if dry_run:
        progress.line("".join(each.diff() for each in planned) or "nothing would change")
        return
    written = {each.path for each in scaffold.write(found.folder, planned, force=force)}
    for each in planned:
        progress.line(f"✓ {each.path} {'written' if each.path in written else 'is there already'}")
    for path in callers:
        progress.line(f"✓ {path} delivers by the platform already, so no second workflow is written")
    _report_images(found, wanted, progress)
    for remark in _triggers(found):
        _tell(remark, progress)
    progress.line("Next: commit what was written, then run `goldenpath doctor`.")


def _report_images(found: Checkout, wanted: tuple[Image, ...], progress: Progress) -> None:
    for image in wanted:
        place = f" in the folder {image.context}" if image.context != "." else ""
        progress.line(
            f"  delivers {image.dockerfile or '(no Dockerfile yet)'}{place} to the ECR repository {image.repository}"
        )
    others = [path for path in found.dockerfiles if path not in {image.dockerfile for image in wanted}]
    if wanted and others:
        progress.line(f"  not delivered: {', '.join(others)} (see --dockerfile and --monorepo)")


def _triggers(found: Checkout) -> Iterator[Remark]:
    """Yield what is wrong with the triggers of the callers that are now there."""
    workflows, _ = workflow_checks.find(found.folder)
    callers = [caller for each in workflows for caller in each.callers]
    remarks = trigger_checks.triggers(callers, found.branches, found.default_branch)
    yield from (remark for remark in remarks if remark.level >= Level.WARNING)


@click.command()
@_SOURCE
@click.option("--role-arn", default="", help="ARN of the role that an environment's secret holds.")
@click.option("--aws-region", default=DEFAULT_REGION, show_default=True, help="AWS region of the registry.")
@click.option("--offline", is_flag=True, help="Ask neither GitHub nor AWS.")
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
def doctor(*, source: Path, role_arn: str, aws_region: str, offline: bool, strict: bool) -> None:
    """Check an app's repository, or the platform's own, and its set-up; every remark with its fix."""
    progress = Progress()
    asked = doctoring.Asked(checkout.look(source), role_arn, aws_region)
    world = doctoring.World() if offline else doctoring.World.read(asked, runner.variables())
    remarks = doctoring.examine(asked, reusable_workflow.read(), world)
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
