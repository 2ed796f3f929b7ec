"""Apply on merge: find the registry in the merged commits, plan it again, and apply it if that is the reviewed plan.

What was merged is data. The code that runs and the Terraform configuration are those of a trusted checkout beside it
(docs/adr/0014-the-apply-trusts-the-default-branch.md). Running an apply again is always safe.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.registries import compliance, handover, platform_git, provenance, recovery, retirement, review
from goldenpath.registries.aws.ecr import PlatformEcr
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.github import records
from goldenpath.registries.merge import checks
from goldenpath.registries.merge.push import MergedPullRequest, merged_pulls
from goldenpath.registries.terraform import planning
from goldenpath.shared.errors import BadInput, GithubRefused, GoldenPathError, RegistryRefused
from goldenpath.shared.shown_text import as_markdown

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from goldenpath.registries.github.repository import GithubRepository
    from goldenpath.registries.merge.checks import Checkouts, ReviewedMerge
    from goldenpath.registries.review import PlanRecord
    from goldenpath.registries.terraform.planning import EnvironmentAccess, TerraformWorkspace
    from goldenpath.registries.terraform.plans import TerraformPlan

MARKER = "apply"


@dataclass(frozen=True)
class Applied:
    """The record of the plan that was reviewed, and the `plan` that was applied: without changes nothing was left."""

    record: PlanRecord
    plan: TerraformPlan


@dataclass(frozen=True)
class ApplyContext:
    """The access to the environments, the platform's repository, and how other repositories are opened.

    `checkouts` are the trusted one and the merged one, `run_url` is the page of this run, and grace periods are counted
    up to `today`.
    """

    access: EnvironmentAccess
    repository: GithubRepository
    open_repository: Callable[[str], GithubRepository | None]
    checkouts: Checkouts
    today: dt.date
    run_url: str = ""


@dataclass(frozen=True)
class ApplyRequest:
    """A registry that may be applied: the `number` of the pull request, and the record of its reviewed plan."""

    number: int
    record: PlanRecord


@dataclass(frozen=True)
class ApplyRefusal:
    """A pull request that must not be applied: its `number`, and the `error` that says why."""

    number: int
    error: GoldenPathError


@dataclass(frozen=True)
class ApplyRequests:
    """What a push asks for: the `requests` that may be applied, the `refusals`, and `notes` on the rest."""

    requests: tuple[ApplyRequest, ...] = ()
    refusals: tuple[ApplyRefusal, ...] = ()
    notes: tuple[str, ...] = ()


def find_requests(context: ApplyContext) -> ApplyRequests:
    """Return what the push of `context` asks to be applied. One refused pull request does not stop the others.

    A refusal is also reported in its pull request. Raises `BadInput`, `PlanUnexpected` and `GithubRefused` when the
    merged pull requests cannot be determined.
    """
    checkouts = context.checkouts
    push = checkouts.push
    if push.is_new:
        return ApplyRequests(notes=(f"The branch {push.base} is new: nothing that was merged before is applied.",))
    pulls = merged_pulls(checkouts.merged, push, context.repository, review.LABEL)
    requests: list[ApplyRequest] = []
    refusals: list[ApplyRefusal] = []
    for number in pulls.numbers:
        try:
            requests.append(ApplyRequest(number, check_merged(context, merged_pull_request(context, number))))
        except GoldenPathError as error:
            refusals.append(ApplyRefusal(number, error))
    return ApplyRequests(tuple(requests), tuple(refusals), pulls.notes)


def merged_pull_request(context: ApplyContext, number: int) -> MergedPullRequest:
    """Return the merged pull request `number` as GitHub describes it now. Raises `BadInput`, `GithubRefused`."""
    repository = context.repository
    description = records.pull_request(repository, number)
    return MergedPullRequest.read(description, repository.name, review.LABEL, context.checkouts.push.base)


def check_merged(context: ApplyContext, pull: MergedPullRequest) -> PlanRecord:
    """Return the record of the plan that the merged pull request asks to apply, after every check without a role.

    A refusal is reported in the pull request and raised: the errors of `merge.checks` and `provenance`.
    """
    with _reporting(context, pull):
        return _checked(context, pull).record


def apply_merged(context: ApplyContext, pull: MergedPullRequest, environment: str = "") -> Applied:
    """Apply what the merged pull request had reviewed, verify it at ECR, and report it in the pull request.

    `environment` is the one that this run has a role for; empty for a run that is not limited to one. A refusal is
    reported in the pull request and raised: the errors of `merge.checks`, `provenance`, `planning` and `retirement`.
    """
    with _reporting(context, pull):
        # The checks of the job `find` again: meanwhile the pull request can be edited, or another one be merged.
        reviewed = _checked(context, pull)
        record = reviewed.record
        require_environment(record, environment)
        workspace = _composed_access(context, reviewed).workspace(record.environment)
        plan = _plan(context, pull, record, workspace)
        review.require_plan_shown(record, plan, pull.body)
        # Without changes an earlier run applied them, and may have been stopped before it said so: the rest is done.
        if plan.changes:
            _change(context, pull, reviewed, workspace)
        if record.removal:
            outcome = _require_absent(workspace, record.name)
        else:
            outcome = _hand_over(context, pull, workspace, plan, record.name)
        # Only after ECR was verified: an apply that fails before keeps its claim, and the next run can recover.
        recovery.end_claim(workspace, pull.number)
    table = review.changes_table(plan) if plan.changes else "Nothing was left to do."
    head = f"### {'Removed' if record.removal else 'Applied'}: `{record.name}` in {record.environment}"
    context.repository.comment(pull.number, MARKER, f"{head}\n\n{table}\n\n{outcome}")
    return Applied(record, plan)


def _change(
    context: ApplyContext, pull: MergedPullRequest, reviewed: ReviewedMerge, workspace: TerraformWorkspace
) -> None:
    """Apply the plan that is saved in the workspace."""
    record = reviewed.record
    if not record.removal:
        registry = ecr_tf.find(workspace.checkout, workspace.environment, record.name)
        retirement.require_announced_grace(registry, workspace.variables, pull.opened)
    # The claim comes before anything is changed, so that whatever this run leaves behind is younger than it.
    recovery.begin_claim(workspace, pull.number, context.run_url)
    if record.removal:
        _delete_images(context, reviewed, workspace)
    context.repository.comment(pull.number, MARKER, _begun(record, context.run_url))
    workspace.terraform.apply(workspace.saved)


def _checked(context: ApplyContext, pull: MergedPullRequest) -> ReviewedMerge:
    """Return what the pull request asks to be applied, if it passes every check that needs no role."""
    checkouts = context.checkouts
    reviewed = checks.check(checkouts, pull)
    merge = reviewed.range
    # The merge is compared with the commit that it was made on: the base may have moved on since the branch forked.
    commits = provenance.MergeCommits(checkouts.merged, merge.onto, merge.tip, merge.merged)
    provenance.require_requested_and_approved(commits, context.repository, pull, reviewed.record, checkouts.push.base)
    return reviewed


def _composed_access(context: ApplyContext, reviewed: ReviewedMerge) -> EnvironmentAccess:
    """Return the access for a folder that has the trusted configuration with the merged entries."""
    checkouts, folder = context.checkouts, context.access.work_dir / "configuration"
    composed = checks.compose_configuration(
        checkouts.trusted, checkouts.merged, reviewed.record.environment, reviewed.range.merged, folder
    )
    return replace(context.access, checkout=composed)


def require_environment(record: PlanRecord, environment: str) -> None:
    """Refuse with `BadInput` a plan for another environment than the one that this job has a role for."""
    # AWS would refuse too: the GitHub environment is part of the token. But not where one account holds several.
    if environment not in {"", record.environment}:
        raise BadInput(
            f"This job was started for {environment}, and the pull request is about {record.environment}",
            why="A job is let into one environment, and what was reviewed there may differ",
            fix="Nothing was applied; run the wizard again for this registry",
        )


@contextlib.contextmanager
def _reporting(context: ApplyContext, pull: MergedPullRequest) -> Iterator[None]:
    """Comment on the pull request when an error stops the block, and raise the error."""
    try:
        yield
    except GoldenPathError as error:
        # If GitHub is unreachable as well, the first error must still be the one that is raised.
        with contextlib.suppress(GithubRefused):
            context.repository.comment(pull.number, MARKER, _stopped(error, context.run_url))
        raise


def _plan(
    context: ApplyContext, pull: MergedPullRequest, record: PlanRecord, workspace: TerraformWorkspace
) -> TerraformPlan:
    """Return the plan to apply: the reviewed one, or the part of it that an interrupted apply left undone."""
    claim = recovery.resume(workspace, pull.number, context.run_url)
    plan = _reviewed_plan(record, workspace, resumes=claim is not None)
    # An interrupted apply may have created the repository without saving it to the state. Imported, it needs another
    # plan, which must again be a part of the reviewed one.
    if recovery.adopt_orphan(workspace, record.name, plan, claim):
        plan = _reviewed_plan(record, workspace, resumes=True)
    return plan


def _reviewed_plan(record: PlanRecord, workspace: TerraformWorkspace, *, resumes: bool) -> TerraformPlan:
    plan = planning.plan(workspace, record.name, removal=record.removal, resumes=resumes)
    if plan.changes:
        record.require(plan, was_interrupted=resumes)
    return plan


def _delete_images(context: ApplyContext, reviewed: ReviewedMerge, workspace: TerraformWorkspace) -> None:
    """Save the listing of a registry that may be removed, then delete its images."""
    record, checkout = reviewed.record, context.checkouts.merged
    # The merge removed the entry, so its dates are read from before.
    before = platform_git.text_at(checkout, reviewed.range.fork, f"envs/{record.environment}/ecr.tf")
    path = ecr_tf.path_of(checkout, record.environment)
    entries = ecr_tf.parse(before, record.environment, path)
    registry = next(entry for entry in entries if entry.name == record.name)
    ecr = PlatformEcr(workspace.variables)
    retirement.require_announced_dates(registry, ecr.describe(record.name))
    excluded = retirement.roles_without_pull_times(ecr)
    retirement.require_removable(
        registry, ecr.images(record.name), context.today, shown=record.signs, excluded=excluded
    )
    digests = retirement.save_image_listing(ecr, record.name, record.environment, workspace.work_dir)
    # ECR refuses to delete a repository that has images, and the Terraform module does not set `force_delete`: only
    # this path, after these checks, deletes images.
    ecr.delete(record.name, digests)


def _hand_over(
    context: ApplyContext, pull: MergedPullRequest, workspace: TerraformWorkspace, plan: TerraformPlan, name: str
) -> str:
    """Verify the registry at ECR, inform its team, and return what was done, in words. Raises `RegistryRefused`."""
    checkout = workspace.checkout
    registry = ecr_tf.find(checkout, workspace.environment, name)
    repository = PlatformEcr(workspace.variables).describe(name)
    controls = ecr_tf.load_controls(checkout)[registry.risk]
    policy, lifecycle = plan.repository_policies.get(name, ""), plan.lifecycles.get(name, "")
    wrong = compliance.deviations(registry, controls, repository, policy, lifecycle)
    if repository is None or wrong:
        raise RegistryRefused(
            f"{name} in {workspace.environment} was applied, but ECR does not describe it as asked",
            why="; ".join(wrong),
            fix="Run the job again; if it persists, show this to the platform team",
        )
    platform = context.repository.name
    if registry.deprecated_since:
        text = handover.deprecation_note(registry, repository, platform)
        return f"{text} {handover.notify_team(context.open_repository, registry, text, platform)}"
    text = handover.handover_note(checkout, registry, repository, platform)
    context.repository.comment(pull.number, "hand-over", text)
    notified = handover.notify_team(context.open_repository, registry, text, platform)
    return f"ECR describes `{repository.uri}` as it was asked for. {notified}"


def _require_absent(workspace: TerraformWorkspace, name: str) -> str:
    if PlatformEcr(workspace.variables).describe(name) is not None:
        raise RegistryRefused(f"{name} is still there, though its removal was applied", fix="Run the job again")
    return "It is gone. The listing of what it held is an artifact of this run."


def _begun(record: PlanRecord, run_url: str) -> str:
    head = f"### {'Removing' if record.removal else 'Applying'}: `{record.name}` in {record.environment}"
    return "\n\n".join(filter(None, [head, f"[The run]({run_url})" if run_url else ""]))


def _stopped(error: GoldenPathError, run_url: str) -> str:
    parts = [f"### Not applied: {as_markdown(error.what)}", f"**Why:** {as_markdown(error.why)}" if error.why else ""]
    parts += [f"**What to do:** {as_markdown(error.fix)}", f"[The run]({run_url})" if run_url else ""]
    return "\n\n".join(filter(None, parts))
