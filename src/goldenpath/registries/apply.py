"""Apply on merge: the registry is found in the diff, planned again, and applied only if that is the reviewed plan.

What was merged is data. The code that runs, and the Terraform configuration, are those of a checkout beside it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.errors import BadInput, GithubRefused, GoldenPathError, RegistryRefused, StateLocked
from goldenpath.registries import (
    compliance,
    handover,
    plan_table,
    platform_git,
    provenance,
    recovery,
    recovery_claims,
    removal,
    review,
)
from goldenpath.registries.aws import ecr
from goldenpath.registries.config import controls, ecr_tf
from goldenpath.registries.merge import checks, trusted
from goldenpath.registries.terraform import workspace
from goldenpath.runner import as_markdown

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from goldenpath.registries.github.repository import Repository
    from goldenpath.registries.merge.checks import Checkouts, Reviewed
    from goldenpath.registries.merge.entries import Merged
    from goldenpath.registries.review import Record
    from goldenpath.registries.terraform.access import Access
    from goldenpath.registries.terraform.plan_json import Plan
    from goldenpath.registries.terraform.workspace import Workplace

MARKER = "apply"


@dataclass(frozen=True)
class Office:
    """Who applies: the way into the environments, the platform's repository, and how other repositories are opened.

    `checkouts` are what may run and what was merged, `run_url` is the page of this run, `today` the day by which grace
    periods are counted.
    """

    access: Access
    repository: Repository
    open_repository: Callable[[str], Repository | None]
    checkouts: Checkouts
    today: dt.date
    run_url: str = ""


def find_merged(office: Office, pull: Merged) -> Record:
    """Return what the merged pull request asks to be applied, once every check that needs no role is passed.

    Whatever stops it is said in the pull request and raised: `ProposalUnbound`, `ApprovalMissing`, and what
    `merge_checks.check` raises.
    """
    with _reporting(office, pull):
        return _checked(office, pull).record


def apply_merged(office: Office, pull: Merged, environment: str = "") -> Plan:
    """Apply what the merged pull request had reviewed, verify it at ECR, and say so in the pull request.

    `environment` is the one that this run was given a role for; empty when it has no such bound. Whatever stops the
    apply is said in the pull request too, and raised: `ProposalUnbound`, `ApprovalMissing`, `RetirementRefused`, what
    `merge_checks.check` and planning raise. Running again is safe: what is done already is not done twice.
    """
    with _reporting(office, pull):
        record, made, said = _applied(office, pull, environment)
    table = plan_table.changes(made) if made.changes else "Nothing was left to do."
    head = f"### {'Removed' if record.removal else 'Applied'}: `{record.name}` in {record.environment}"
    office.repository.comment(pull.number, MARKER, f"{head}\n\n{table}\n\n{said}")
    return made


def _applied(office: Office, pull: Merged, environment: str) -> tuple[Record, Plan, str]:
    reviewed = _checked(office, pull)
    record = reviewed.record
    require_environment(record, environment)
    workplace = _composed(office, reviewed).workplace(record.environment)
    made = _planned(pull, record, workplace)
    review.require_shown(record, made, pull.body)
    if made.changes:
        if not record.removal:
            removal.require_grace(workplace, record.name, pull.opened)
        recovery_claims.begin(workplace, pull.number, office.run_url)
        if record.removal:
            _clear(office, reviewed, workplace)
        office.repository.comment(pull.number, MARKER, _begun(record, office.run_url))
        workplace.terraform.apply(workplace.saved)
    if record.removal:
        said = _require_absent(workplace, record.name)
    else:
        said = _hand_over(office, pull, workplace, made, record.name)
    recovery_claims.end(workplace, pull.number)
    return record, made, said


def _checked(office: Office, pull: Merged) -> Reviewed:
    """Return what the pull request asks to be applied, if it passes every check that needs no role."""
    checkouts = office.checkouts
    reviewed = checks.check(checkouts, pull)
    merge = reviewed.range
    # The merge is compared with the commit that it was made on: the base may have moved on since the branch forked.
    commits = provenance.Commits(checkouts.merged, merge.onto, merge.tip, merge.merged)
    provenance.require_asked_and_approved(commits, office.repository, pull, reviewed.record, checkouts.push.base)
    return reviewed


def _composed(office: Office, reviewed: Reviewed) -> Access:
    """Return the way into the environments for a folder of trusted configuration with the merged entries."""
    checkouts, folder = office.checkouts, office.access.work_dir / "configuration"
    made = trusted.composed(
        checkouts.trusted, checkouts.merged, reviewed.record.environment, reviewed.range.merged, folder
    )
    return replace(office.access, checkout=made)


def require_environment(record: Record, environment: str) -> None:
    """Refuse with `BadInput` a plan for another environment than the one that this job was let into."""
    if environment not in {"", record.environment}:
        raise BadInput(
            f"this job was started for {environment}, and the pull request is about {record.environment}",
            why="a job is let into one environment, and what was reviewed there may differ",
            fix="nothing was applied; run the wizard again for this registry",
        )


@contextlib.contextmanager
def _reporting(office: Office, pull: Merged) -> Iterator[None]:
    """Comment on the pull request when an error stops the block, and raise it."""
    try:
        yield
    except GoldenPathError as error:
        # GitHub may be away too: what stopped the apply is the news.
        with contextlib.suppress(GithubRefused):
            office.repository.comment(pull.number, MARKER, _stopped(error, office.run_url))
        raise


def _planned(pull: Merged, record: Record, workplace: Workplace) -> Plan:
    """Return the plan that is to be applied: the reviewed one, or what an apply that broke half-way left of it."""
    try:
        made = workspace.plan(workplace, record.name, removal=record.removal)
    except StateLocked as error:
        if not recovery.freed(workplace, error, recovery_claims.of(workplace, pull.number)):
            raise
        made = workspace.plan(workplace, record.name, removal=record.removal)
    if made.changes:
        record.require(made)
    if recovery.reclaimed(workplace, record.name, made, recovery_claims.of(workplace, pull.number)):
        made = workspace.plan(workplace, record.name)
        if made.changes:
            record.require(made)
    return made


def _clear(office: Office, reviewed: Reviewed, workplace: Workplace) -> None:
    """Save the listing of a registry that may go, then delete its images: ECR destroys no repository that has some."""
    record, checkout = reviewed.record, office.checkouts.merged
    before = platform_git.text_at(checkout, reviewed.range.fork, f"envs/{record.environment}/ecr.tf")
    path = ecr_tf.path_of(checkout, record.environment)
    registry = next(each for each in ecr_tf.parse(before, record.environment, path) if each.name == record.name)
    reader = ecr.Reader(workplace.variables)
    removal.require_told(registry, reader.describe(record.name))
    removal.require_removable(registry, reader.images(record.name), office.today, shown=record.signs)
    saved = removal.save_listing(reader, record.name, record.environment, workplace.work_dir)
    reader.delete(record.name, saved.digests)


def _hand_over(office: Office, pull: Merged, workplace: Workplace, made: Plan, name: str) -> str:
    checkout = workplace.checkout
    registry = ecr_tf.find(checkout, workplace.environment, name)
    found = ecr.Reader(workplace.variables).describe(name)
    described = made.repository_policies.get(name, "")
    wrong = compliance.deviations(registry, controls.load(checkout)[registry.risk], found, described)
    if found is None or wrong:
        raise RegistryRefused(
            f"{name} in {workplace.environment} was applied, but ECR does not describe it as asked",
            why="; ".join(wrong),
            fix="run the job again; if it persists, show this to the platform team",
        )
    platform = office.repository.name
    if registry.deprecated_since:
        text = handover.farewell(registry, found, platform)
        return f"{text} {handover.tell_team(office.open_repository, registry, text, platform)}"
    text = handover.note(checkout, registry, found, platform)
    office.repository.comment(pull.number, "hand-over", text)
    told = handover.tell_team(office.open_repository, registry, text, platform)
    return f"ECR describes `{found.uri}` as it was asked for. {told}"


def _require_absent(workplace: Workplace, name: str) -> str:
    if ecr.Reader(workplace.variables).describe(name) is not None:
        raise RegistryRefused(f"{name} is still there, though its removal was applied", fix="run the job again")
    return "It is gone. The listing of what it held is an artifact of this run."


def _begun(record: Record, run_url: str) -> str:
    head = f"### {'Removing' if record.removal else 'Applying'}: `{record.name}` in {record.environment}"
    return "\n\n".join(filter(None, [head, f"[The run]({run_url})" if run_url else ""]))


def _stopped(error: GoldenPathError, run_url: str) -> str:
    told = [f"### Not applied: {as_markdown(error.what)}", f"**Why:** {as_markdown(error.why)}" if error.why else ""]
    told += [f"**What to do:** {as_markdown(error.fix)}", f"[The run]({run_url})" if run_url else ""]
    return "\n\n".join(filter(None, told))
