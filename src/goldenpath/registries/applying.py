"""Apply on merge: the registry is found in the diff, planned again, and applied only if that is the reviewed plan."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.errors import BadInput, GithubRefused, GoldenPathError, RegistryRefused, StateLocked
from goldenpath.registries import (
    asking,
    claims,
    compliance,
    config,
    controls,
    handover,
    merged,
    plan_table,
    planning,
    recovery,
    removal,
    review,
)
from goldenpath.runner import as_markdown
from goldenpath.services import ecr_describe
from goldenpath.tools import proposal_git

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from goldenpath.registries.access import Access
    from goldenpath.registries.merged import Merged
    from goldenpath.registries.planning import Workplace
    from goldenpath.registries.review import Record
    from goldenpath.services.github_platform import Repository
    from goldenpath.tools.terraform import Plan

MARKER = "apply"


@dataclass(frozen=True)
class Office:
    """Who applies: the way into the environments, the platform's repository, and how other repositories are opened.

    `fetch` brings a ref or a commit of the platform's repository as it is now, and returns the commit's id; `base` is
    the branch that was merged into, `run_url` the page of this run, `today` the day by which grace periods are counted.
    """

    access: Access
    repository: Repository
    open_repository: Callable[[str], Repository | None]
    fetch: Callable[[str], str]
    base: str
    today: dt.date
    run_url: str = ""


def apply_merged(office: Office, pull: Merged) -> Plan:
    """Apply what the merged pull request had reviewed, verify it at ECR, and say so in the pull request.

    Whatever stops it is said there too, and raised: `ProposalUnbound`, `ApprovalMissing`, `PlanDrifted`,
    `PlanUnexpected`, `RetirementRefused`, and what planning raises. Running again is safe: what is done already is not
    done twice.
    """
    try:
        record, made, said = _applied(office, pull)
    except GoldenPathError as error:
        # GitHub may be away too: what stopped the apply is the news.
        with contextlib.suppress(GithubRefused):
            office.repository.comment(pull.number, MARKER, _stopped(error, office.run_url))
        raise
    table = plan_table.changes(made) if made.changes else "Nothing was left to do."
    head = f"### {'Removed' if record.removal else 'Applied'}: `{record.name}` in {record.environment}"
    office.repository.comment(pull.number, MARKER, f"{head}\n\n{table}\n\n{said}")
    return made


def _applied(office: Office, pull: Merged) -> tuple[Record, Plan, str]:
    checkout = office.access.checkout
    after = proposal_git.resolved(checkout, pull.commit)
    if proposal_git.resolved(checkout, "HEAD") != after:
        raise BadInput("the checkout is not at the merge commit", why=f"that is {after}", fix="check out that commit")
    record = review.read(pull.body)
    before = proposal_git.resolved(checkout, f"{after}^1")
    found = merged.touched(checkout, before, after)
    merged.require_one(found, record)
    merged.require_nothing_else(checkout, found, before, after)
    merged.require_latest(checkout, record, after, office.fetch(f"refs/heads/{office.base}"), office.base)
    commits = asking.Commits(checkout, before, office.fetch(pull.tip), after)
    asking.require_asked_and_approved(commits, office.repository, pull, record, office.base)
    workplace = office.access.workplace(record.environment)
    made = _planned(pull, record, workplace)
    review.require_shown(record, made, pull.body)
    if made.changes:
        if not record.removal:
            removal.require_grace(workplace, record.name, pull.opened)
        claims.begin(workplace, pull.number, office.run_url)
        if record.removal:
            _clear(office, pull, record, workplace)
        office.repository.comment(pull.number, MARKER, _begun(record, office.run_url))
        workplace.terraform.apply(workplace.saved)
    if record.removal:
        said = _require_absent(workplace, record.name)
    else:
        said = _hand_over(office, pull, workplace, record.name)
    claims.end(workplace, pull.number)
    return record, made, said


def _planned(pull: Merged, record: Record, workplace: Workplace) -> Plan:
    """Return the plan that is to be applied: the reviewed one, or what an apply that broke half-way left of it."""
    try:
        made = planning.plan(workplace, record.name, removal=record.removal)
    except StateLocked as error:
        if not recovery.freed(workplace, error, claims.of(workplace, pull.number)):
            raise
        made = planning.plan(workplace, record.name, removal=record.removal)
    if made.changes:
        record.require(made)
    if recovery.reclaimed(workplace, record.name, made):
        made = planning.plan(workplace, record.name)
        if made.changes:
            record.require(made)
    return made


def _clear(office: Office, pull: Merged, record: Record, workplace: Workplace) -> None:
    """Save the listing of a registry that may go, then delete its images: ECR destroys no repository that has some."""
    checkout = office.access.checkout
    before = proposal_git.text_at(checkout, f"{pull.commit}^1", f"envs/{record.environment}/ecr.tf")
    path = config.path_of(checkout, record.environment)
    registry = next(each for each in config.parse(before, record.environment, path) if each.name == record.name)
    reader = ecr_describe.Reader(workplace.variables)
    removal.require_told(registry, reader.describe(record.name))
    removal.require_removable(registry, reader.images(record.name), office.today, shown=record.signs)
    saved = removal.save_listing(reader, record.name, record.environment, workplace.work_dir)
    reader.delete(record.name, saved.digests)


def _hand_over(office: Office, pull: Merged, workplace: Workplace, name: str) -> str:
    checkout = office.access.checkout
    registry = config.find(checkout, workplace.environment, name)
    found = ecr_describe.Reader(workplace.variables).describe(name)
    wrong = compliance.deviations(registry, controls.load(checkout)[registry.risk], found)
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
    if ecr_describe.Reader(workplace.variables).describe(name) is not None:
        raise RegistryRefused(f"{name} is still there, though its removal was applied", fix="run the job again")
    return "It is gone. The listing of what it held is an artifact of this run."


def _begun(record: Record, run_url: str) -> str:
    head = f"### {'Removing' if record.removal else 'Applying'}: `{record.name}` in {record.environment}"
    return "\n\n".join(filter(None, [head, f"[The run]({run_url})" if run_url else ""]))


def _stopped(error: GoldenPathError, run_url: str) -> str:
    told = [f"### Not applied: {as_markdown(error.what)}", f"**Why:** {as_markdown(error.why)}" if error.why else ""]
    told += [f"**What to do:** {as_markdown(error.fix)}", f"[The run]({run_url})" if run_url else ""]
    return "\n\n".join(filter(None, told))
