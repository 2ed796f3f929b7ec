"""The scheduled report on the actual state of all registries. It reads, and changes nothing."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from goldenpath.registries import compliance, review, unregistered
from goldenpath.registries.aws.clusters import ClusterReport
from goldenpath.registries.aws.ecr import PlatformEcr
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.images import in_use, lifecycle, vouching
from goldenpath.registries.unregistered import AccountReport
from goldenpath.shared.errors import GoldenPathError
from goldenpath.shared.shown_text import as_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.registries.aws.ecr import EcrImage
    from goldenpath.registries.config.ecr_tf import RegistryEntry, RiskControls
    from goldenpath.registries.images.lifecycle import LifecycleRule
    from goldenpath.registries.request import Risk
    from goldenpath.registries.terraform.planning import EnvironmentAccess
    from goldenpath.registries.terraform.plans import TerraformPlan

STALE_DAYS = 90
_SEVERE = ("CRITICAL", "HIGH")
_FINDINGS, _SHOWN = "findings, critical and high", 5


@dataclass(frozen=True)
class RegistryReport:
    """One registry: the rules that it breaks, and counts of its images.

    `expiring` and `archiving` name the images that the next run of its lifecycle policy removes or archives, `severe`
    counts findings, `archived` the images that cannot be pulled any more, and `orphans` the signatures and the like
    whose image is gone. `running` counts the images that run somewhere, and `flaws` says what is wrong with them.
    """

    registry: RegistryEntry
    broken: tuple[str, ...]
    images: int = 0
    untagged: int = 0
    stale: int = 0
    expiring: tuple[str, ...] = ()
    severe: int = 0
    unscanned: int = 0
    archived: int = 0
    archiving: tuple[str, ...] = ()
    orphans: int = 0
    running: int = 0
    flaws: tuple[str, ...] = ()


@dataclass(frozen=True)
class EnvironmentReport:
    """One environment: its registries, what else is in its account, what its plan would change, and what runs.

    `not_inspected` is the reason why the rest is empty.
    """

    name: str
    registries: tuple[RegistryReport, ...] = ()
    account: AccountReport = field(default_factory=AccountReport)
    drift: tuple[str, ...] = ()
    running: ClusterReport = field(default_factory=ClusterReport)
    not_inspected: str = ""


def inspect(access: EnvironmentAccess, environment: str, now: dt.datetime) -> EnvironmentReport:
    """Inspect one environment. An error becomes part of the report, so that the other environments are reported."""
    if not access.reaches(environment):
        return EnvironmentReport(environment, not_inspected="no role leads there")
    try:
        workspace = access.workspace(environment)
        entries = ecr_tf.load(access.checkout, environment)
        controls, ecr = ecr_tf.load_controls(access.checkout), PlatformEcr(workspace.variables)
        # An apply targets one registry and ignores drift elsewhere; this is where it is noticed (ADR 0006).
        plan = workspace.initialized().plan(workspace.work_dir.absolute() / f"{environment}-whole.tfplan")
        # Without roles for clusters this looks nowhere.
        running = in_use.look(
            access.setting(in_use.ROLES, environment), lambda arn, region: access.login(environment, arn, region)
        )
        reports = tuple(_inspect_registry(ecr, entry, controls, plan, running, now) for entry in entries)
        account = unregistered.inspect_account(
            ecr, environment, ecr_tf.load_all(access.checkout), access.variables.get(unregistered.VARIABLE, "")
        )
        drift = tuple(f"{change.description} {change.address}" for change in plan.changes)
        return EnvironmentReport(environment, reports, account, drift, running=running)
    except GoldenPathError as error:
        reason = f"{error.what}: {error.why}" if error.why else error.what
        return EnvironmentReport(environment, not_inspected=reason)


def compliance_rate(reports: Iterable[RegistryReport]) -> str:
    """Return how many registries comply with every rule, in words: the platform's headline figure."""
    rows = list(reports)
    compliant = sum(not row.broken for row in rows)
    return f"{compliant} of {len(rows)} ({100 * compliant // len(rows)} %)" if rows else "none to look at"


def report(environments: Iterable[EnvironmentReport], run_url: str = "") -> str:
    """Return the report in Markdown: the headline figure, then by owner, then by environment."""
    inspected = list(environments)
    everything = [registry for environment in inspected for registry in environment.registries]
    headline = f"**Registries that comply with every rule: {compliance_rate(everything)}.**"
    parts = [headline, "### By owner", _owners(everything)]
    parts += [_section(environment) for environment in inspected]
    parts.append(unregistered.section((environment.name, environment.account) for environment in inspected))
    legend = (
        f"Stale: tagged, pushed and last pulled more than {STALE_DAYS} days ago. Expiring: the lifecycle policy "
        "removes it within a day. Archived: it cannot be pulled unless it is restored. Findings and not scanned: of "
        "tagged images, by ECR's own scans. The untagged images of a registry that holds an image for several "
        "platforms may be its parts: their findings count, and they are reported neither as expiring nor as not "
        "scanned. Signatures, attestations and SBOMs count as images, and as nothing else. Nothing was changed by "
        "this report."
    )
    parts += [legend, f"[The run]({run_url})" if run_url else ""]
    return "\n\n".join(filter(None, parts))


def scannable(images: tuple[EcrImage, ...]) -> tuple[EcrImage, ...]:
    """Return those of `images` whose scans count: the tagged ones, and those that an index may refer to."""
    # ECR scans no index, no signature and no archived image, and other untagged images expire within days.
    parts = lifecycle.index_parts(images)
    return tuple(
        image
        for image in images
        if not (image.is_index or image.archived or vouching.subject_of(image))
        and (image.tags or image.digest in parts)
    )


def with_image_counts(
    empty: RegistryReport,
    images: tuple[EcrImage, ...],
    scans: Mapping[str, Mapping[str, int] | None],
    rules: Iterable[LifecycleRule],
    now: dt.datetime,
) -> RegistryReport:
    """Return `empty` with the counts of `images`; `scans` are findings by digest, `None` without a scan."""
    parts = lifecycle.index_parts(images)
    applied = lifecycle.applied_rules(rules, lifecycle.lifecycle_images(images, now))
    return replace(
        empty,
        images=len(images),
        untagged=sum(not (image.tags or image.subject) for image in images),
        stale=sum(_is_stale(image, now) for image in images),
        expiring=_shown(image for image in images if image.digest in applied and not applied[image.digest].archives),
        archiving=_shown(image for image in images if image.digest in applied and applied[image.digest].archives),
        archived=sum(image.archived for image in images),
        orphans=len(vouching.without_subject(images)),
        severe=sum((findings or {}).get(severity, 0) for findings in scans.values() for severity in _SEVERE),
        unscanned=sum(findings is None for digest, findings in scans.items() if digest not in parts),
    )


def _owners(reports: list[RegistryReport]) -> str:
    by_owner: dict[str, list[RegistryReport]] = defaultdict(list)
    for row in reports:
        by_owner[row.registry.owner].append(row)
    cells = [
        (owner, compliance_rate(owned), str(sum(row.severe for row in owned)))
        for owner, owned in sorted(by_owner.items())
    ]
    return review.markdown_table(("owner", "comply", _FINDINGS), cells)


def _section(environment: EnvironmentReport) -> str:
    head = f"### {environment.name}"
    if environment.not_inspected:
        return f"{head}\n\nNot looked at: {as_markdown(environment.not_inspected)}"
    reports = environment.registries
    notes = [f"- `{row.registry.name}`: {as_markdown(rule)}" for row in reports for rule in row.broken]
    notes += [f"- `{row.registry.name}`: next to expire: {_first(row.expiring)}" for row in reports if row.expiring]
    notes += [
        f"- `{row.registry.name}`: next to be archived: {_first(row.archiving)}" for row in reports if row.archiving
    ]
    notes += [f"- `{row.registry.name}`: {row.orphans} signatures, attestations or SBOMs are of images that are gone: "
              "docs/registries.md says how to delete them" for row in reports if row.orphans]  # fmt: skip
    notes += [f"- `{row.registry.name}`: {as_markdown(flaw)}" for row in reports for flaw in row.flaws]
    notes += [f"- {as_markdown(note)}" for note in environment.running.notes]
    notes += [f"- a plan of the whole environment would {as_markdown(change)}" for change in environment.drift]
    table = _table(reports) if reports else "No registries are described."
    all_good = "Everything is as it is described." if reports else ""
    images, clusters = sum(row.running for row in reports), environment.running.clusters
    running = f"{images} images of these registries run in {clusters} clusters." if clusters else ""
    return "\n\n".join(filter(None, [head, table, "\n".join(notes) or all_good, running]))


def _table(reports: Iterable[RegistryReport]) -> str:
    columns = ("registry", "owner", "images", "archived", "untagged", "stale", "expiring", _FINDINGS, "not scanned")
    cells = [
        (row.registry.name, row.registry.owner,
         *map(str, (row.images, row.archived, row.untagged, row.stale, len(row.expiring), row.severe, row.unscanned)))
        for row in reports
    ]  # fmt: skip
    return review.markdown_table(columns, cells)


def _first(tags: tuple[str, ...]) -> str:
    more = f" and {len(tags) - _SHOWN} more" if len(tags) > _SHOWN else ""
    return ", ".join(as_markdown(tag) for tag in tags[:_SHOWN]) + more


def _inspect_registry(
    ecr: PlatformEcr,
    registry: RegistryEntry,
    controls: Mapping[Risk, RiskControls],
    plan: TerraformPlan,
    running: ClusterReport,
    now: dt.datetime,
) -> RegistryReport:
    repository = ecr.describe(registry.name)
    policy = plan.repository_policies.get(registry.name, "")
    planned = plan.lifecycles.get(registry.name, "")
    broken = compliance.deviations(registry, controls[registry.risk], repository, policy, planned)
    if repository is None:
        return RegistryReport(registry, broken)
    images = ecr.images(registry.name)
    rules: tuple[LifecycleRule, ...] = ()
    try:
        rules = lifecycle.parse_lifecycle(repository.lifecycle) if repository.lifecycle else ()
    except ValueError as error:
        broken = (*broken, f"its lifecycle policy cannot be read: {error}")
    # One request per image: ECR has no batch operation for scan results.
    scans = {image.digest: ecr.findings(registry.name, image.digest) for image in scannable(images)}
    digests = in_use.digests_in(running, repository.uri)
    # Also of images that run without a tag, whose scans count nowhere else.
    unread = [image.digest for image in images if image.digest in digests - scans.keys() and not image.is_index]
    of_running = scans | {digest: ecr.findings(registry.name, digest) for digest in unread}
    flaws = in_use.flaws(images, digests, of_running, registry.environment, now)
    return with_image_counts(
        RegistryReport(registry, broken, running=len(digests), flaws=flaws), images, scans, rules, now
    )


def _is_stale(image: EcrImage, now: dt.datetime) -> bool:
    last = max(filter(None, (image.pushed, image.pulled)))
    is_image = image.tags and not image.archived and not vouching.subject_of(image)
    return bool(is_image) and now - last > dt.timedelta(days=STALE_DAYS)


def _shown(images: Iterable[EcrImage]) -> tuple[str, ...]:
    return tuple(image.tags[0] if image.tags else f"untagged {image.digest[:19]}" for image in images)
