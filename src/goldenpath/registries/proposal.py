"""The wizard: a change of one registry becomes one branch, one plan and one pull request that shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.errors import RegistryNameTaken, RegistryRequestInvalid
from goldenpath.registries import catalogue, platform_git, provenance, recovery, review
from goldenpath.registries.aws import ecr
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.github.repository import Proposal
from goldenpath.registries.review import PlanRecord, PullRequestText
from goldenpath.registries.terraform import plans, workspace

if TYPE_CHECKING:
    from goldenpath.registries.github.repository import GithubRepository, GithubThread
    from goldenpath.registries.provenance import RunId
    from goldenpath.registries.request import RegistryRequest
    from goldenpath.registries.terraform.plans import TerraformPlan
    from goldenpath.registries.terraform.workspace import TerraformWorkspace

BASE = "development"
USD_A_GB_AND_MONTH = 0.10
AVERAGE_IMAGE_MB = 250
_MB_A_GB = 1000


@dataclass(frozen=True)
class ProposalContext:
    """Where a proposal is made: the environment to plan in, the repository to propose to, and who asks.

    `requesters` are the logins of everybody who started the workflow `run` or this attempt of it. `average_mb` is how
    large an image is thought to be, for the estimate of costs.
    """

    workplace: TerraformWorkspace
    repository: GithubRepository
    requesters: tuple[str, ...]
    run: RunId
    base: str = BASE
    average_mb: int = AVERAGE_IMAGE_MB


@dataclass(frozen=True)
class ProposalResult:
    """The pull request that was opened or changed, the record of the plan that it shows, and the run's seal on both."""

    thread: GithubThread
    record: PlanRecord
    seal: str


def create(desk: ProposalContext, request: RegistryRequest) -> ProposalResult:
    """Propose the registry that `request` asks for; a second run brings the same pull request up to date.

    The checkout is at the tip of the base branch. Raises `RegistryRequestInvalid`, `RegistryNameTaken`,
    `RegistryConfigUnexpected`, and what planning, git and GitHub raise.
    """
    missing = [field for field in ("requester", "domain") if getattr(request, field) is None]
    if missing:
        raise RegistryRequestInvalid(
            "the request for a registry cannot be used",
            why="; ".join(f"`{field}` is missing" for field in missing),
            fix="correct what is named, then ask again",
        )
    ecr_tf.add(desk.workplace.checkout, request)
    plan = workspace.plan(desk.workplace, request.name)
    creates = _creates(desk.workplace, request.name, plan)
    facts = {"environment": request.environment, **request.fields}
    brought = ecr_tf.load_controls(desk.workplace.checkout)[request.risk]
    kept = ecr_tf.find(desk.workplace.checkout, request.environment, request.name).keeps(brought.keep)
    rows = [(brought.mutability.lower(), brought.encryption, str(brought.keep), "on every push", "after 7 days")]
    head = ("tags", "encryption", "keeps of each environment", "scanned", "untagged images expire")
    sections = (
        f"### What risk `{request.risk}` brings",
        review.markdown_table(head, rows),
        "### What it costs",
        storage_cost(kept, desk.average_mb),
    )
    return publish(
        desk, request.name, plan, PullRequestText("Create" if creates else "Change", facts, sections=sections)
    )


def publish(
    desk: ProposalContext,
    name: str,
    plan: TerraformPlan,
    told: PullRequestText,
    *,
    removal: bool = False,
    signs: tuple[str, ...] = (),
) -> ProposalResult:
    """Commit what was edited in the checkout, push it to the registry's own branch and open its pull request.

    The commit says which run made it and who asked; the seal, which that run has to leave, proves it.
    """
    workplace = desk.workplace
    catalogue.write(workplace.checkout)
    environment = workplace.environment
    record = PlanRecord.of(plan, environment, name, desk.requesters[0], run=str(desk.run), removal=removal, signs=signs)
    raw = workplace.terraform.show_text(workplace.saved)
    title = review.title(record, told.verb)
    branch = provenance.branch_of(environment, name)
    base = platform_git.resolve(workplace.checkout, "HEAD")
    paths = (f"envs/{environment}/ecr.tf", catalogue.FOR_MACHINES, catalogue.FOR_PEOPLE)
    message = provenance.commit_message(title, desk.requesters, desk.run)
    commit = platform_git.commit_on(workplace.checkout, base, paths, message)
    platform_git.push(workplace.checkout, commit, branch)
    if provenance.needs_second_approval(environment, removal=removal):
        told = replace(told, sections=(*told.sections, _approval(desk.requesters)))
    body = review.description(record, plan, raw, told)
    thread = desk.repository.propose(Proposal(branch, desk.base, title, body, review.LABEL))
    return ProposalResult(thread, record, provenance.seal_name(thread.number, commit, title, body))


def _approval(requesters: tuple[str, ...]) -> str:
    return (
        f"### Who approves it\n\nSomebody with write access, but not {' or '.join(requesters)}, who asked for it. "
        "Leave title, description and branch as they are: what was edited is not applied."
    )


def _creates(workplace: TerraformWorkspace, name: str, plan: TerraformPlan) -> bool:
    """Tell whether `plan` makes the repository, or changes it. Raises `RegistryNameTaken`.

    One that is in ECR already and was made by somebody else would break the apply half-way.
    """
    creates = any(each.kind == plans.REPOSITORY and "create" in each.actions for each in plan.changes)
    if creates and ecr.PlatformEcr(workplace.variables).describe(name):
        raise recovery.name_taken(workplace.environment, name)
    if not plan.changes:
        raise RegistryNameTaken(
            f"there is a registry {name!a} in {workplace.environment} already, as it was asked for",
            why="a plan finds nothing to do",
            fix="deliver to it, or choose another name",
        )
    return creates


def monthly_usd(images: int, average_mb: int = AVERAGE_IMAGE_MB) -> float:
    """Return what `images` images of `average_mb` megabytes cost a month, in US dollars, were no layer shared."""
    return images * average_mb / _MB_A_GB * USD_A_GB_AND_MONTH


def storage_cost(keep: int, average_mb: int = AVERAGE_IMAGE_MB) -> str:
    """Return the estimate for a registry that keeps `keep` images of each environment, as a sentence."""
    return (
        f"Keeping {keep} images of about {average_mb} MB costs at most {monthly_usd(keep, average_mb):.2f} USD a month "
        f"for each environment whose images it holds (storage at {USD_A_GB_AND_MONTH:.2f} USD a GB; layers that images "
        "share count once)."
    )
