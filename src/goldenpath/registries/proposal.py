"""The wizard: a change of one registry becomes one branch, one plan, and one pull request that shows the plan.

Four proposals: create (or change), adopt, deprecate, remove. Running one again updates its pull request.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.registries import (
    adoption,
    catalogue,
    compliance,
    platform_git,
    provenance,
    recovery,
    retirement,
    review,
)  # fmt: skip
from goldenpath.registries.aws import replication
from goldenpath.registries.aws.ecr import PlatformEcr
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.github.repository import Proposal
from goldenpath.registries.request import invalid_request
from goldenpath.registries.review import PlanRecord, PullRequestText
from goldenpath.registries.terraform import described, planning, plans
from goldenpath.shared import codec
from goldenpath.shared.errors import RegistryNameTaken
from goldenpath.shared.shown_text import as_markdown

if TYPE_CHECKING:
    import datetime as dt

    from goldenpath.registries.config.ecr_tf import RegistryEntry
    from goldenpath.registries.github.repository import GithubRepository, GithubThread
    from goldenpath.registries.provenance import RunId
    from goldenpath.registries.request import RegistryRequest
    from goldenpath.registries.terraform.planning import TerraformWorkspace
    from goldenpath.registries.terraform.plans import TerraformPlan

BASE = "development"
# Amazon ECR pricing, private repositories, storage, most regions, November 2026. An estimate: transfer and KMS requests
# are not in it, and layers that images share are stored once.
USD_A_GB_AND_MONTH = 0.10
AVERAGE_IMAGE_MB = 250
_MB_A_GB = 1000


@dataclass(frozen=True)
class ProposalContext:
    """The workspace to plan in, the `repository` to propose to, and the requesters.

    `requesters` are the logins of everybody who started the workflow `run` or this attempt of it. `average_mb` is the
    image size for the cost estimate.
    """

    workspace: TerraformWorkspace
    repository: GithubRepository
    requesters: tuple[str, ...]
    run: RunId
    base: str = BASE
    average_mb: int = AVERAGE_IMAGE_MB


@dataclass(frozen=True)
class ProposalResult:
    """The pull request, the record of the plan that it shows, and the name of the seal that the run has to leave."""

    thread: GithubThread
    record: PlanRecord
    seal: str


def create(context: ProposalContext, request: RegistryRequest) -> ProposalResult:
    """Propose the registry that `request` asks for. The checkout is at the tip of the base branch.

    Raises `RegistryRequestInvalid`, `RegistryNameTaken`, `RegistryConfigUnexpected`, and the errors of planning, git
    and GitHub.
    """
    _require_whole(request)
    workspace = context.workspace
    ecr_tf.add(workspace.checkout, request)
    plan = planning.plan(workspace, request.name)
    verb = "Create" if _creates_repository(workspace, request.name, plan) else "Change"
    registry = ecr_tf.find(workspace.checkout, request.environment, request.name)
    facts = {"environment": request.environment, **request.fields, **_settings(registry)}
    return publish(context, request.name, plan, PullRequestText(verb, facts, sections=_effects(context, request)))


def adopt(context: ProposalContext, request: RegistryRequest, now: dt.datetime) -> ProposalResult:
    """Propose that the repository of `request`, which exists at ECR, becomes a registry.

    Raises `AdoptionRefused`, `PolicyNotDescribed`, and the errors of `create`.
    """
    _require_whole(request)
    workspace = context.workspace
    ecr, controls = PlatformEcr(workspace.variables), ecr_tf.load_controls(workspace.checkout)
    repository = ecr.describe(request.name)
    ecr_tf.add(workspace.checkout, request, adoption.settings_for(request, repository, controls))
    plan = planning.plan(workspace, request.name)
    # Raises where Terraform would create the repository after all, or where nothing is left to do.
    _creates_repository(workspace, request.name, plan)
    images = ecr.images(request.name)
    registry = ecr_tf.find(workspace.checkout, request.environment, request.name)
    facts = {"environment": request.environment, **request.fields, **_settings(registry)}
    lead = (
        "**This repository exists at ECR already. Once this is merged, it is a registry with the rules of its risk.** "
        "No image is moved or copied. If another Terraform configuration manages the repository, remove it from that "
        "state first (`terraform state rm`)."
    )
    sections = (
        *([adoption.now_at_ecr(repository, images)] if repository else []),
        adoption.expiry(images, plan.lifecycles.get(request.name, ""), now),
        *_effects(context, request),
    )
    return publish(context, request.name, plan, PullRequestText("Adopt", facts, (lead,), sections))


def _require_whole(request: RegistryRequest) -> None:
    if missing := [f"`{field}` is missing" for field in ("requester", "domain") if getattr(request, field) is None]:
        raise invalid_request(missing)


def _effects(context: ProposalContext, request: RegistryRequest) -> tuple[str, ...]:
    """Return the sections on what the risk brings, and on what keeping the images costs."""
    checkout = context.workspace.checkout
    controls = ecr_tf.load_controls(checkout)[request.risk]
    kept = ecr_tf.find(checkout, request.environment, request.name).keeps(controls)
    row = (controls.mutability.lower(), controls.encryption, str(controls.keep), "on every push", "after 7 days")
    head = ("tags", "encryption", "keeps of each environment", "scanned", "untagged images expire")
    return (
        f"### What risk `{request.risk}` brings",
        review.markdown_table(head, [row]),
        "### What it costs",
        storage_cost(kept, context.average_mb),
    )


def propose_deprecation(
    context: ProposalContext, name: str, today: dt.date, grace_days: int = retirement.GRACE_DAYS
) -> ProposalResult:
    """Propose to refuse pushes to `name` once this is merged. Raises `RegistryUnknown`, `RetirementRefused`."""
    workspace = context.workspace
    registry = ecr_tf.find(workspace.checkout, workspace.environment, name)
    path = ecr_tf.path_of(workspace.checkout, workspace.environment)
    retirement.require_announced_grace(registry, workspace.variables, today)
    text = retirement.with_deprecation(ecr_tf.read_text(path), registry, today, path, grace_days)
    codec.write_bytes(path, text.encode())
    plan = planning.plan(workspace, name)
    deprecated = ecr_tf.find(workspace.checkout, workspace.environment, name)
    notice = (
        f"**Pushes are refused once this is merged; pulls go on. After {deprecated.remove_after} it may be removed, "
        f"with its images.** This is the notice to its owner, {deprecated.owner}: say here if it is still needed."
    )
    return publish(context, name, plan, PullRequestText("Deprecate", _facts(deprecated), lead=(notice,)))


def propose_removal(context: ProposalContext, name: str, today: dt.date) -> ProposalResult:
    """Propose to remove `name` with its images; the work folder gets a listing of them.

    Raises `RegistryUnknown`, and `RetirementRefused` when it is not deprecated or its grace period runs.
    """
    workspace = context.workspace
    registry = ecr_tf.find(workspace.checkout, workspace.environment, name)
    path = ecr_tf.path_of(workspace.checkout, workspace.environment)
    ecr = PlatformEcr(workspace.variables)
    repository = ecr.describe(name)
    images = ecr.images(name) if repository else ()
    retirement.require_announced_dates(registry, repository)
    # Signs of use do not stop the proposal: it shows them, and the apply checks that somebody approved them (ADR 0006).
    excluded = retirement.roles_without_pull_times(ecr)
    signs = retirement.signs_of_use(registry, images, today, excluded)
    if images:
        # Without manifests, whose reading counts as a pull: the apply lists them.
        retirement.write_image_listing(images, {}, name, workspace.environment, workspace.work_dir)
    codec.write_bytes(path, ecr_tf.without_entry(ecr_tf.read_text(path), name, path).encode())
    plan = planning.plan(workspace, name, removal=True)
    used = (
        f"**It is still in use: {retirement.describe_signs(signs)}.** A second person has to approve this pull "
        "request: somebody who neither started the workflow nor wrote this." if signs else
        f"Nothing in it was pulled in the last {retirement.QUIET_DAYS} days, and no release of prod is in it."
    )  # fmt: skip
    lost = (
        f"Images that are deleted with it: {retirement.images_in_words(images)}. "
        "The run that opened this keeps their listing as an artifact."
    )
    reach = replication.reach_of_removal(workspace.variables, name) if repository else ()
    text = PullRequestText("Remove", _facts(registry), lead=(used, lost, *reach))
    shown = tuple(sorted(key for sign in signs for key in sign.keys))
    return publish(context, name, plan, text, removal=True, signs=shown)


def publish(
    context: ProposalContext,
    name: str,
    plan: TerraformPlan,
    text: PullRequestText,
    *,
    removal: bool = False,
    signs: tuple[str, ...] = (),
) -> ProposalResult:
    """Commit the edited files of the checkout, push them to the registry's own branch and open its pull request."""
    workspace, environment = context.workspace, context.workspace.environment
    catalogue.write(workspace.checkout)
    record = PlanRecord.of(
        plan, environment, name, context.requesters[0], run=str(context.run), removal=removal, signs=signs
    )
    raw_plan = workspace.terraform.show_text(workspace.saved)
    title = review.title(record, text.verb)
    branch = provenance.branch_of(environment, name)
    # On the tip that the plan was made of: a branch that is behind would show one plan and merge into another.
    base = platform_git.resolve(workspace.checkout, "HEAD")
    paths = (f"envs/{environment}/ecr.tf", catalogue.FOR_PROGRAMS, catalogue.FOR_PEOPLE)
    message = provenance.commit_message(title, context.requesters, context.run)
    commit = platform_git.commit_on(workspace.checkout, base, paths, message)
    platform_git.push(workspace.checkout, commit, branch)
    if not removal:
        text = replace(text, sections=(*text.sections, *_replaced(workspace, name, plan)))
    if provenance.needs_second_approval(environment, removal=removal):
        text = replace(text, sections=(*text.sections, _approval(context.requesters)))
    body = review.description(record, plan, raw_plan, text)
    thread = context.repository.propose(Proposal(branch, context.base, title, body, review.LABEL))
    # Sealed last: the seal names the number of the pull request, and covers title and body as GitHub has them now.
    return ProposalResult(thread, record, provenance.seal_name(thread.number, commit, title, body))


def _replaced(workspace: TerraformWorkspace, name: str, plan: TerraformPlan) -> tuple[str, ...]:
    """Return a section on the statements at ECR that `plan` takes out of the repository policy, if there are any."""
    statements = described.replaced_statements(plan, name, workspace.variables)
    listed = "\n".join(f"- {as_markdown(statement)}" for statement in statements)
    return (f"### What leaves the repository policy\n\n{listed}",) if listed else ()


def storage_cost(keep: int, average_mb: int = AVERAGE_IMAGE_MB) -> str:
    """Return the cost estimate for a registry that keeps `keep` images of each environment, as a sentence."""
    return (
        f"Keeping {keep} images of about {average_mb} MB costs at most {monthly_usd(keep, average_mb):.2f} USD a month "
        f"for each environment whose images it holds (storage at {USD_A_GB_AND_MONTH:.2f} USD a GB; layers that images "
        "share count once)."
    )


def monthly_usd(images: int, average_mb: int = AVERAGE_IMAGE_MB) -> float:
    """Return the monthly price in US dollars of `images` images of `average_mb` megabytes that share no layer."""
    return images * average_mb / _MB_A_GB * USD_A_GB_AND_MONTH


def _approval(requesters: tuple[str, ...]) -> str:
    return (
        f"### Who approves it\n\nSomebody with write access, but not {' or '.join(requesters)}, who asked for it. "
        "Leave title, description and branch as they are: what was edited is not applied."
    )


def _creates_repository(workspace: TerraformWorkspace, name: str, plan: TerraformPlan) -> bool:
    """Tell whether `plan` creates the repository. Raises `RegistryNameTaken` if ECR has one that is not ours."""
    creates = any(change.kind == plans.REPOSITORY and "create" in change.actions for change in plan.changes)
    # Terraform does not look whether the name is free: the apply of a reviewed pull request would fail half-way.
    if creates and PlatformEcr(workspace.variables).describe(name):
        raise recovery.name_taken(workspace.environment, name)
    if not plan.changes:
        raise RegistryNameTaken(
            f"There is a registry {name!a} in {workspace.environment} already, as it was asked for",
            why="A plan finds nothing to do",
            fix="Deliver to it, or choose another name",
        )
    return creates


def _facts(registry: RegistryEntry) -> dict[str, str]:
    return {
        "environment": registry.environment,
        "id": registry.id,
        "owner": registry.owner,
        "domain": registry.domain,
        "risk": registry.risk.value,
        "deprecated since": registry.deprecated_since,
        "removed after": registry.remove_after,
        **_settings(registry),
    }


def _settings(registry: RegistryEntry) -> dict[str, str]:
    """Return the optional settings in words, whole: the plan's table shortens long values, like who may pull."""
    return {name: compliance.plain_value(value) for name, value in registry.more.items()}
