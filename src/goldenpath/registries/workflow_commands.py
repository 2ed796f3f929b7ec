"""The `registry` commands of the platform's workflows: propose, apply what was merged, retire, report, protect."""

from __future__ import annotations

import datetime as dt
import json
from functools import partial
from typing import TYPE_CHECKING

import click

from goldenpath.registries import apply, hygiene, platform_git, proposal, protect, retirement, workflow_results
from goldenpath.registries.apply import ApplyContext
from goldenpath.registries.github.repository import GithubRepository
from goldenpath.registries.merge.checks import Checkouts
from goldenpath.registries.merge.push import Push
from goldenpath.registries.options import CHECKOUT, ENVIRONMENT, MERGED, NAME, TRUSTED, option, with_request_options
from goldenpath.registries.proposal import ProposalContext
from goldenpath.registries.provenance import RunId
from goldenpath.registries.request import known_environment, known_environments, parse_request
from goldenpath.registries.terraform.planning import LOCK_SECONDS, EnvironmentAccess, RoleKind
from goldenpath.registries.workflow_results import EnvironmentProtection
from goldenpath.shared import codec, runner
from goldenpath.shared.console import Progress
from goldenpath.shared.errors import BadInput, ProposalUnbound, RegistryRefused
from goldenpath.shared.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from goldenpath.registries.apply import ApplyRequests
    from goldenpath.registries.proposal import ProposalResult
    from goldenpath.registries.workflow_results import (
        AppliedRegistry,
        HygieneReport,
        MergedRegistries,
        RegistryProposal,
    )

HYGIENE_LABEL = "ecr-hygiene"
_BASE = option("--base-branch", "The branch that pull requests go into.", default=proposal.BASE, show_default=True)


@click.command("propose")
@CHECKOUT
@with_request_options
@option("--average-image-mb", "Average size of an image, for the cost estimate.",
         type=click.IntRange(min=1), default=proposal.AVERAGE_IMAGE_MB)  # fmt: skip
@option("--adopt", "The repository exists at ECR: make it a registry.", is_flag=True)
@_BASE
def propose_registry(
    checkout: Path, average_image_mb: int, base_branch: str, adopt: bool, **fields: str
) -> RegistryProposal:
    """Open the pull request that requests a registry and shows its plan; run again, update it."""
    wanted = parse_request(fields)
    context = _proposal_context(checkout, wanted.environment, base_branch, average_image_mb)
    now = dt.datetime.now(dt.UTC)
    return _publish_result(proposal.adopt(context, wanted, now) if adopt else proposal.create(context, wanted))


@click.command("retire")
@CHECKOUT
@ENVIRONMENT
@NAME
@option("--step", "deprecate, then remove once the grace period is over.",
         type=click.Choice(["deprecate", "remove"]), default="deprecate")  # fmt: skip
@option("--grace-days", "Length of the grace period.", type=int, default=retirement.GRACE_DAYS, show_default=True)
@_BASE
def retire_registry(
    checkout: Path, environment: str, name: str, step: str, grace_days: int, base_branch: str
) -> RegistryProposal:
    """Open the pull request that deprecates a registry, or removes one whose grace period is over."""
    context = _proposal_context(checkout, known_environment(environment), base_branch)
    today = dt.datetime.now(dt.UTC).date()
    if step == "deprecate":
        return _publish_result(proposal.propose_deprecation(context, name, today, grace_days))
    return _publish_result(proposal.propose_removal(context, name, today))


@click.command("find-merged")
@MERGED
@TRUSTED
@_BASE
def find_merged(checkout: Path, trusted: Path, base_branch: str) -> MergedRegistries:
    """Check every pull request that this push merged, and list the registries that may be applied.

    It needs no role of AWS: the output `pull_requests` says which environment's role an apply needs.
    """
    run = _run()
    result = apply.find_requests(_apply_context(checkout, trusted, base_branch, run))
    # A matrix of jobs reads this: every job then enters the GitHub environment of its registry, whose name is in the
    # OIDC token, so that AWS holds it to that environment (ADR 0014).
    matrix = [{"number": request.number, "environment": request.record.environment} for request in result.requests]
    run.set_outputs({"pull_requests": json.dumps(matrix)})
    _report(run, result)
    merged = workflow_results.of_push(result)
    # Every refusal is in its own pull request already; the first one also fails this job.
    for refusal in result.refusals:
        refusal.error.result = merged
        raise refusal.error
    return merged


@click.command("apply-merged")
@MERGED
@TRUSTED
@_BASE
@option("--environment", "The environment that this run has a role for; it must be that of the pull request.",
        default="")  # fmt: skip
@option("--pull-request", "The number of the pull request, one of those that this push merged.", type=int,
        required=True)  # fmt: skip
def apply_merged(
    checkout: Path, trusted: Path, base_branch: str, environment: str, pull_request: int
) -> AppliedRegistry:
    """Apply the registry of a pull request that this push merged, if its plan is the reviewed one."""
    if pull_request < 1:
        raise BadInput(
            "No pull request was named for this job",
            why="GitHub drops an output in which it sees a secret, so the list of `find` did not arrive",
            fix="Look for a secret of a few characters and replace it, then run all jobs again",
        )
    context = _apply_context(checkout, trusted, base_branch, _run())
    applied = apply.apply_merged(context, apply.merged_pull_request(context, pull_request), environment)
    changes = applied.plan.changes
    Progress().line(f"✓ applied; changes: {len(changes)}" if changes else "✓ nothing was left to do")
    return workflow_results.of_apply(pull_request, applied)


@click.command("hygiene")
@CHECKOUT
def report_hygiene(checkout: Path) -> HygieneReport:
    """Report the actual state of all registries in an issue; change nothing."""
    run = _run()
    access, now = _access(checkout, run, RoleKind.PLAN), dt.datetime.now(dt.UTC)
    reports = [hygiene.inspect(access, environment, now) for environment in known_environments()]
    text = hygiene.report(reports, run.run_page)
    thread = _repository(run).issue("hygiene", "Registries: hygiene report", text, HYGIENE_LABEL)
    everything = [registry for environment in reports for registry in environment.registries]
    run.set_outputs({"compliant": hygiene.compliance_rate(everything), "issue": str(thread.number)})
    Progress().line(f"✓ {thread.url}: {hygiene.compliance_rate(everything)} comply")
    return workflow_results.of_hygiene(thread, reports)


@click.command("protect")
@CHECKOUT
def protect_images(checkout: Path) -> list[EnvironmentProtection]:
    """Keep images that run in the clusters that GOLDENPATH_IN_USE_ROLES leads to; without it, do nothing."""
    run, progress = _run(), Progress()
    results: list[EnvironmentProtection] = []
    access, today = _access(checkout, run, RoleKind.IN_USE), dt.datetime.now(dt.UTC).date()
    for environment in known_environments():
        result = protect.protect(access, environment, today)
        results.append(EnvironmentProtection(environment, result.lines, result.failed))
        for line in result.lines:
            progress.line(line)
    if failed := sum(result.failed for result in results):
        error = RegistryRefused(
            f"The images that run of {failed} registries are not protected",
            why="The lines above say what was refused",
            fix="Correct that, then run again: what was tagged stays tagged",
        )
        error.result = results
        raise error
    return results


COMMANDS = (propose_registry, retire_registry, find_merged, apply_merged, report_hygiene, protect_images)


def _report(run: Runner, result: ApplyRequests) -> None:
    """Write to the log what will be applied, and annotate what will not."""
    progress = Progress()
    for request in result.requests:
        record, act = request.record, "removed" if request.record.removal else "applied"
        progress.line(f"✓ #{request.number}: {record.name} in {record.environment} is to be {act}")
    for refusal in result.refusals:
        progress.line(f"✗ #{refusal.number}: {refusal.error.what}")
    for note in result.notes:
        progress.line(note)
        run.annotate("warning", note, title="Nothing is applied for it")
    if not (result.requests or result.refusals):
        progress.line("✓ no registry is to be applied")


def _proposal_context(
    checkout: Path, environment: str, base: str, average_mb: int = proposal.AVERAGE_IMAGE_MB
) -> ProposalContext:
    run = _run()
    workspace = _access(checkout, run, RoleKind.PLAN).workspace(environment)
    variables = runner.variables()
    # GitHub says who started the run, and who ran it again. The field `requester` of the form is only a claim.
    named = [variables.get(name, "") for name in ("GITHUB_ACTOR", "GITHUB_TRIGGERING_ACTOR")]
    requesters = tuple(dict.fromkeys(filter(None, named)))
    require_people(requesters)
    return ProposalContext(workspace, _repository(run), requesters, _run_id(variables), base, average_mb)


def require_people(requesters: tuple[str, ...]) -> None:
    """Refuse with `ProposalUnbound` a run that was started by another workflow, or by an app."""
    # The apply refuses such a proposal, too (`provenance`); here nobody has spent a review on it yet.
    if not requesters or any(login.endswith("[bot]") for login in requesters):
        raise ProposalUnbound(
            "Nobody is known to have asked for this registry",
            why=f"The workflow was started by {', '.join(requesters) or 'nobody'}, which is not a person",
            fix="Start it by hand: Actions → the workflow → Run workflow",
        )


def _run_id(variables: Mapping[str, str]) -> RunId:
    try:
        return RunId.parse(f"{variables.get('GITHUB_RUN_ID', '')}/{variables.get('GITHUB_RUN_ATTEMPT') or '1'}")
    except ValueError as error:
        raise BadInput(
            "The workflow run is not known", why=str(error), fix="Start this as a step of the platform's workflow"
        ) from None


def _apply_context(checkout: Path, trusted: Path, base: str, run: Runner) -> ApplyContext:
    # Two tokens: the job's own ends at this repository, and the one for app repositories is optional.
    token, apps_token = _token(), runner.variables().get("GOLDENPATH_APPS_TOKEN", "")
    fetch = partial(platform_git.fetch, checkout, server_url=run.server_url, token=token)
    return ApplyContext(
        access=_access(checkout, run, RoleKind.APPLY),
        repository=_repository(run),
        open_repository=lambda name: GithubRepository(run.api_url, apps_token, name) if apps_token else None,
        checkouts=Checkouts(trusted, checkout, fetch, Push.read(run.event_name, run.event, base)),
        today=dt.datetime.now(dt.UTC).date(),
        run_url=run.run_page,
    )


def _access(checkout: Path, run: Runner, role_kind: RoleKind) -> EnvironmentAccess:
    variables = runner.variables()
    seconds = variables.get("GOLDENPATH_LOCK_SECONDS") or str(LOCK_SECONDS)
    if not seconds.isdecimal():
        raise BadInput("GOLDENPATH_LOCK_SECONDS cannot be used", why=f"{seconds!a} is no number of seconds",
                       fix="Say how long to wait for the lock of a state, like 60")  # fmt: skip
    folder = runner.default_work_dir(variables) / "registry"
    return EnvironmentAccess(checkout, folder, variables, role_kind, run.mask, lock_seconds=int(seconds))


def _run() -> Runner:
    run = Runner.read(runner.variables())
    if not run.repository:
        raise BadInput(
            "This command speaks to GitHub, and there is no workflow run",
            why="GITHUB_ACTIONS and GITHUB_REPOSITORY are not set",
            fix="Start the workflow instead, or use `goldenpath registry request`, `plan` and `apply` by hand",
        )
    return run


def _repository(run: Runner) -> GithubRepository:
    return GithubRepository(run.api_url, _token(), run.repository)


def _token() -> str:
    token = runner.variables().get("GITHUB_TOKEN", "")
    if not token:
        raise BadInput("The GitHub token is missing", why="GITHUB_TOKEN is not set", fix="Give it to the step by env")
    return token


def _publish_result(result: ProposalResult) -> RegistryProposal:
    """Set the outputs of a proposal. The workflow uploads an artifact with the name in `seal`."""
    thread, record = result.thread, result.record
    codec.write(runner.default_work_dir(runner.variables()) / "registry" / "proposal.json", record)
    _run().set_outputs({
        "pull_request": str(thread.number), "url": thread.url, "plan_digest": record.digest, "seal": result.seal,
    })  # fmt: skip
    Progress().line(f"✓ {thread.url} is {'opened' if thread.is_new else 'up to date'}; plan {record.digest}")
    return workflow_results.of_proposal(result)
