"""Apply on merge: the registry is found in the diff, planned again, and applied only if that is the reviewed plan.

What was merged is data. The code that runs, and the Terraform configuration, are those of a checkout beside it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.errors import BadInput, GithubRefused, GoldenPathError, RegistryRefused, StateLocked
from goldenpath.registries import compliance, handover, platform_git, provenance, recovery, retirement, review
from goldenpath.registries.aws import ecr
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.github import records
from goldenpath.registries.merge import checks
from goldenpath.registries.merge.push import MergedPullRequest, merged_pulls
from goldenpath.registries.terraform import workspace
from goldenpath.runner import as_markdown

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from goldenpath.registries.github.repository import GithubRepository
    from goldenpath.registries.merge.checks import Checkouts, ReviewedMerge
    from goldenpath.registries.review import PlanRecord
    from goldenpath.registries.terraform.plans import TerraformPlan
    from goldenpath.registries.terraform.workspace import EnvironmentAccess, TerraformWorkspace

MARKER = "apply"


@dataclass(frozen=True)
class ApplyRequest:
    """A registry that may be applied: the `number` of the pull request, and the record of its reviewed plan."""

    number: int
    record: PlanRecord


@dataclass(frozen=True)
class ApplyRequests:
    """What may be applied, what was refused and why, and `notes` on what the push brought besides."""

    requests: tuple[ApplyRequest, ...] = ()
    refusals: tuple[tuple[int, GoldenPathError], ...] = ()
    notes: tuple[str, ...] = ()


def find_requests(office: ApplyContext) -> ApplyRequests:
    """Return what the push of `office` asks to be applied. One refused pull request does not stop the others.

    A refusal is also said in its pull request. Raises `BadInput`, `PlanUnexpected` and `GithubRefused` when it cannot
    be known what was merged.
    """
    checkouts = office.checkouts
    push = checkouts.push
    if push.is_new:
        return ApplyRequests(notes=(f"The branch {push.base} is new: nothing that was merged before is applied.",))
    pulls = merged_pulls(checkouts.merged, push, office.repository, review.LABEL)
    requests: list[ApplyRequest] = []
    refusals: list[tuple[int, GoldenPathError]] = []
    for number in pulls.numbers:
        try:
            requests.append(ApplyRequest(number, check_merged(office, merged_pull_request(office, number))))
        except GoldenPathError as error:
            refusals.append((number, error))
    return ApplyRequests(tuple(requests), tuple(refusals), pulls.notes)


def merged_pull_request(office: ApplyContext, number: int) -> MergedPullRequest:
    """Return the merged pull request `number` as GitHub describes it now. Raises `BadInput`, `GithubRefused`."""
    repository = office.repository
    described = records.pull_request(repository, number)
    return MergedPullRequest.read(described, repository.name, review.LABEL, office.checkouts.push.base)


@dataclass(frozen=True)
class ApplyContext:
    """Who applies: the way into the environments, the platform's repository, and how other repositories are opened.

    `checkouts` are what may run and what was merged, `run_url` is the page of this run, `today` the day by which grace
    periods are counted.
    """

    access: EnvironmentAccess
    repository: GithubRepository
    open_repository: Callable[[str], GithubRepository | None]
    checkouts: Checkouts
    today: dt.date
    run_url: str = ""


def check_merged(office: ApplyContext, pull: MergedPullRequest) -> PlanRecord:
    """Return what the merged pull request asks to be applied, once every check that needs no role is passed.

    Whatever stops it is said in the pull request and raised: `ProposalUnbound`, `ApprovalMissing`, and what
    `merge_checks.check` raises.
    """
    with _reporting(office, pull):
        return _checked(office, pull).record


def apply_merged(office: ApplyContext, pull: MergedPullRequest, environment: str = "") -> TerraformPlan:
    """Apply what the merged pull request had reviewed, verify it at ECR, and say so in the pull request.

    `environment` is the one that this run was given a role for; empty when it has no such bound. Whatever stops the
    apply is said in the pull request too, and raised: `ProposalUnbound`, `ApprovalMissing`, `RetirementRefused`, what
    `merge_checks.check` and planning raise. Running again is safe: what is done already is not done twice.
    """
    with _reporting(office, pull):
        record, made, said = _applied(office, pull, environment)
    table = review.changes_table(made) if made.changes else "Nothing was left to do."
    head = f"### {'Removed' if record.removal else 'Applied'}: `{record.name}` in {record.environment}"
    office.repository.comment(pull.number, MARKER, f"{head}\n\n{table}\n\n{said}")
    return made


def _applied(office: ApplyContext, pull: MergedPullRequest, environment: str) -> tuple[PlanRecord, TerraformPlan, str]:
    reviewed = _checked(office, pull)
    record = reviewed.record
    require_environment(record, environment)
    workplace = _composed(office, reviewed).workplace(record.environment)
    made = _planned(pull, record, workplace)
    review.require_plan_shown(record, made, pull.body)
    if made.changes:
        if not record.removal:
            retirement.require_announced_grace(workplace, record.name, pull.opened)
        recovery.begin_claim(workplace, pull.number, office.run_url)
        if record.removal:
            _clear(office, reviewed, workplace)
        office.repository.comment(pull.number, MARKER, _begun(record, office.run_url))
        workplace.terraform.apply(workplace.saved)
    if record.removal:
        said = _require_absent(workplace, record.name)
    else:
        said = _hand_over(office, pull, workplace, made, record.name)
    recovery.end_claim(workplace, pull.number)
    return record, made, said


def _checked(office: ApplyContext, pull: MergedPullRequest) -> ReviewedMerge:
    """Return what the pull request asks to be applied, if it passes every check that needs no role."""
    checkouts = office.checkouts
    reviewed = checks.check(checkouts, pull)
    merge = reviewed.range
    # The merge is compared with the commit that it was made on: the base may have moved on since the branch forked.
    commits = provenance.MergeCommits(checkouts.merged, merge.onto, merge.tip, merge.merged)
    provenance.require_requested_and_approved(commits, office.repository, pull, reviewed.record, checkouts.push.base)
    return reviewed


def _composed(office: ApplyContext, reviewed: ReviewedMerge) -> EnvironmentAccess:
    """Return the way into the environments for a folder of trusted configuration with the merged entries."""
    checkouts, folder = office.checkouts, office.access.work_dir / "configuration"
    made = checks.compose_configuration(
        checkouts.trusted, checkouts.merged, reviewed.record.environment, reviewed.range.merged, folder
    )
    return replace(office.access, checkout=made)


def require_environment(record: PlanRecord, environment: str) -> None:
    """Refuse with `BadInput` a plan for another environment than the one that this job was let into."""
    if environment not in {"", record.environment}:
        raise BadInput(
            f"this job was started for {environment}, and the pull request is about {record.environment}",
            why="a job is let into one environment, and what was reviewed there may differ",
            fix="nothing was applied; run the wizard again for this registry",
        )


@contextlib.contextmanager
def _reporting(office: ApplyContext, pull: MergedPullRequest) -> Iterator[None]:
    """Comment on the pull request when an error stops the block, and raise it."""
    try:
        yield
    except GoldenPathError as error:
        # GitHub may be away too: what stopped the apply is the news.
        with contextlib.suppress(GithubRefused):
            office.repository.comment(pull.number, MARKER, _stopped(error, office.run_url))
        raise


def _planned(pull: MergedPullRequest, record: PlanRecord, workplace: TerraformWorkspace) -> TerraformPlan:
    """Return the plan that is to be applied: the reviewed one, or what an apply that broke half-way left of it."""
    try:
        made = workspace.plan(workplace, record.name, removal=record.removal)
    except StateLocked as error:
        if not recovery.free_abandoned_lock(workplace, error, recovery.unfinished_claim(workplace, pull.number)):
            raise
        made = workspace.plan(workplace, record.name, removal=record.removal)
    if made.changes:
        record.require(made)
    if recovery.adopt_orphan(workplace, record.name, made, recovery.unfinished_claim(workplace, pull.number)):
        made = workspace.plan(workplace, record.name)
        if made.changes:
            record.require(made)
    return made


def _clear(office: ApplyContext, reviewed: ReviewedMerge, workplace: TerraformWorkspace) -> None:
    """Save the listing of a registry that may go, then delete its images: ECR destroys no repository that has some."""
    record, checkout = reviewed.record, office.checkouts.merged
    before = platform_git.text_at(checkout, reviewed.range.fork, f"envs/{record.environment}/ecr.tf")
    path = ecr_tf.path_of(checkout, record.environment)
    registry = next(each for each in ecr_tf.parse(before, record.environment, path) if each.name == record.name)
    reader = ecr.PlatformEcr(workplace.variables)
    retirement.require_announced_dates(registry, reader.describe(record.name))
    retirement.require_removable_images(registry, reader.images(record.name), office.today, shown=record.signs)
    saved = retirement.save_image_listing(reader, record.name, record.environment, workplace.work_dir)
    reader.delete(record.name, saved.digests)


def _hand_over(
    office: ApplyContext, pull: MergedPullRequest, workplace: TerraformWorkspace, made: TerraformPlan, name: str
) -> str:
    checkout = workplace.checkout
    registry = ecr_tf.find(checkout, workplace.environment, name)
    found = ecr.PlatformEcr(workplace.variables).describe(name)
    described = made.repository_policies.get(name, "")
    wrong = compliance.deviations(registry, ecr_tf.load_controls(checkout)[registry.risk], found, described)
    if found is None or wrong:
        raise RegistryRefused(
            f"{name} in {workplace.environment} was applied, but ECR does not describe it as asked",
            why="; ".join(wrong),
            fix="run the job again; if it persists, show this to the platform team",
        )
    platform = office.repository.name
    if registry.deprecated_since:
        text = handover.deprecation_note(registry, found, platform)
        return f"{text} {handover.notify_team(office.open_repository, registry, text, platform)}"
    text = handover.handover_note(checkout, registry, found, platform)
    office.repository.comment(pull.number, "hand-over", text)
    told = handover.notify_team(office.open_repository, registry, text, platform)
    return f"ECR describes `{found.uri}` as it was asked for. {told}"


def _require_absent(workplace: TerraformWorkspace, name: str) -> str:
    if ecr.PlatformEcr(workplace.variables).describe(name) is not None:
        raise RegistryRefused(f"{name} is still there, though its removal was applied", fix="run the job again")
    return "It is gone. The listing of what it held is an artifact of this run."


def _begun(record: PlanRecord, run_url: str) -> str:
    head = f"### {'Removing' if record.removal else 'Applying'}: `{record.name}` in {record.environment}"
    return "\n\n".join(filter(None, [head, f"[The run]({run_url})" if run_url else ""]))


def _stopped(error: GoldenPathError, run_url: str) -> str:
    told = [f"### Not applied: {as_markdown(error.what)}", f"**Why:** {as_markdown(error.why)}" if error.why else ""]
    told += [f"**What to do:** {as_markdown(error.fix)}", f"[The run]({run_url})" if run_url else ""]
    return "\n\n".join(filter(None, told))
