"""The commands `init`, `pre-commit` and `settle`, and the half of `doctor` that is about repositories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.delivery.adoption import (
    checkout,
    images,
    reusable_workflow,
    scaffold,
    staged,
    trigger_checks,
    workflow_checks,
)
from goldenpath.delivery.adoption import doctor as doctor_checks
from goldenpath.delivery.adoption import settle as settlement
from goldenpath.delivery.adoption.doctor import DoctorOptions
from goldenpath.shared import runner
from goldenpath.shared.check_result import Level
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import BadInput, SetupIncomplete
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.adoption.checkout import GitCheckout
    from goldenpath.delivery.adoption.images import DeliveredImage
    from goldenpath.delivery.adoption.settle import SettleResult
    from goldenpath.shared.check_result import Remark

_MARKS = {Level.GOOD: "✓", Level.LEFT_OUT: "·", Level.WARNING: "!", Level.ERROR: "✗"}
_SOURCE = click.option("--source", type=click.Path(path_type=Path), default=Path(), help="The app's git checkout.")


@click.command()
@_SOURCE
@click.option("--ecr-repository", default="", help="Name in ECR. [default: the repository's own name]")
@click.option("--dockerfile", default="", help="The Dockerfile. [default: the one that is clearly the app's]")
@click.option("--monorepo", is_flag=True, help="Deliver every folder with a Dockerfile as a separate image.")
@click.option("--notify", is_flag=True, help="Report deliveries to prod in an issue and to a webhook (docs/notify.md).")
@click.option("--ref", default="main", help="The platform's release or commit to call. [default: main]")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option("--force", is_flag=True, help="Overwrite an existing delivery workflow that differs.")
def init(
    *,
    source: Path,
    ecr_repository: str,
    dockerfile: str,
    monorepo: bool,
    notify: bool,
    ref: str,
    dry_run: bool,
    force: bool,
) -> list[dict[str, str]]:
    """Write the delivery workflow and `.goldenpath.yml` into an app's repository. It asks no questions."""
    if monorepo and dockerfile:
        raise BadInput("--monorepo and --dockerfile cannot be combined", fix="Give only one of them")
    progress, repository = Progress(), checkout.read(source)
    callers = scaffold.existing_callers(repository.folder)
    delivered: tuple[DeliveredImage, ...] = ()
    if not callers and monorepo:
        delivered = images.several(repository, ecr_repository)
    elif not callers:
        delivered = (images.single(repository, ecr_repository, dockerfile),)
    development = trigger_checks.development(repository.branches)
    files = scaffold.plan(repository.folder, delivered, ref, development, notify=notify)
    result = [{"path": str(file.path), "diff": file.diff()} for file in files]
    if dry_run:
        progress.line("".join(file.diff() for file in files) or "Nothing would change.")
        return result
    written = {file.path for file in scaffold.write(repository.folder, files, force=force)}
    for file in files:
        progress.line(f"✓ {file.path} {'written' if file.path in written else 'already exists'}")
    for path in callers:
        progress.line(f"✓ {path} already delivers with the platform, so no second workflow is written")
    _report_images(repository, delivered, progress)
    for remark in _trigger_problems(repository):
        _print(remark, progress)
    progress.note("Next: commit the written files, then run `goldenpath doctor`.")
    return result


def _report_images(repository: GitCheckout, delivered: tuple[DeliveredImage, ...], progress: Progress) -> None:
    for image in delivered:
        place = f" in the folder {image.context}" if image.context != "." else ""
        progress.line(
            f"  delivers {image.dockerfile or '(no Dockerfile yet)'}{place} to the ECR repository {image.repository}"
        )
    others = [path for path in repository.dockerfiles if path not in {image.dockerfile for image in delivered}]
    if delivered and others:
        progress.line(f"  not delivered: {', '.join(others)} (see --dockerfile and --monorepo)")


def _trigger_problems(repository: GitCheckout) -> Iterator[Remark]:
    """Yield the warnings and errors about the triggers of the callers, after `init` wrote its files."""
    workflows, _ = workflow_checks.find(repository.folder)
    callers = [caller for workflow in workflows for caller in workflow.callers]
    remarks = trigger_checks.triggers(callers, repository.branches, repository.default_branch)
    yield from (remark for remark in remarks if remark.level >= Level.WARNING)


def doctor_options(source: Path, role_arn: str, aws_region: str) -> DoctorOptions:
    """Return the options of `goldenpath doctor` for the checkout `source`."""
    return DoctorOptions(checkout.read(source), role_arn, aws_region)


def examined(options: DoctorOptions, *, offline: bool) -> tuple[Remark, ...]:
    """Return the remarks about an app's repository, or about the platform's own."""
    clients = doctor_checks.Clients() if offline else doctor_checks.Clients.connect(options, runner.variables())
    return doctor_checks.examine(options, reusable_workflow.read(), clients)


def report(remarks: tuple[Remark, ...], *, strict: bool) -> list[dict[str, str]]:
    """Print every remark and how many there are of each level; return them.

    Raises `SetupIncomplete` for a check that failed.
    """
    progress = Progress()
    result = [
        {"level": remark.level.name.lower(), "about": remark.about, "what": remark.what, "fix": remark.fix}
        for remark in remarks
    ]
    for remark in remarks:
        _print(remark, progress)
    failed = [remark for remark in remarks if remark.level >= (Level.WARNING if strict else Level.ERROR)]
    progress.line(_totals(remarks))
    if failed:
        error = SetupIncomplete(
            f"{len(failed)} of {len(remarks)} checks failed",
            fix="Follow the `do:` line of every failed check, then run `goldenpath doctor` again",
        )
        error.result = result
        raise error
    return result


@click.command()
@_SOURCE
@click.option("--by", "settled_by", required=True, help="The person or team that settled the secrets.")
@click.option(
    "--reason", required=True, help="How the secrets were settled, like 'revoked on 2024-05-02, ticket SEC-12'."
)
@click.option(
    "--fingerprint", "chosen", multiple=True, help="Record only this finding; may be repeated. [default: all]"
)
def settle(*, source: Path, settled_by: str, reason: str, chosen: tuple[str, ...]) -> SettleResult:
    """Record the revoked secrets of an app's history in `.goldenpath-settled.yml`, for review.

    A record counts once it is merged into the default branch, if the platform allows it. A secret that is still in a
    checked-out file is not recorded.
    """
    folder = checkout.read(source).folder
    return settlement.settle(settlement.SettleRequest(folder, settled_by, reason, frozenset(chosen)), Progress())


@click.command("pre-commit")
@_SOURCE
def pre_commit(*, source: Path) -> str:
    """Search what is staged for secrets, as the gate does, and fail where a commit would bring one.

    `.pre-commit-hooks.yaml` makes it a hook of pre-commit.com, and one line in `.git/hooks/pre-commit` one of git.
    """
    sentence = staged.require_no_secret(checkout.read(source).folder, Toolchain.load().provide("gitleaks"))
    Progress().line(f"✓ {sentence}")
    return sentence


def _print(remark: Remark, progress: Progress) -> None:
    show = progress.line if remark.level >= Level.WARNING else progress.note
    show(f"{_MARKS[remark.level]} {remark.about:<14} {remark.what}")
    if remark.fix:
        show(f"{'':<17}do: {remark.fix}")


def _totals(remarks: tuple[Remark, ...]) -> str:
    """Return how many remarks have every level, like `3 good, 1 warning, 0 errors, 2 left out`."""
    names = {Level.GOOD: "good", Level.WARNING: "warning", Level.ERROR: "error", Level.LEFT_OUT: "left out"}
    counts = {level: sum(remark.level is level for remark in remarks) for level in names}
    nouns = {Level.WARNING, Level.ERROR}
    return ", ".join(
        f"{count} {names[level]}{'s' if level in nouns and count != 1 else ''}" for level, count in counts.items()
    )
