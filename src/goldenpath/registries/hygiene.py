"""The scheduled report: how the registries really are. It reads, and changes nothing."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.errors import GoldenPathError
from goldenpath.registries import compliance, review
from goldenpath.registries.aws import ecr
from goldenpath.registries.compliance import TAG_PREFIX, LifecycleImage
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.terraform import workspace
from goldenpath.registries.terraform.program import s3_backend
from goldenpath.runner import as_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from goldenpath.registries.aws.ecr import EcrImage, PlatformEcr
    from goldenpath.registries.compliance import LifecycleRule
    from goldenpath.registries.config.ecr_tf import RegistryEntry, RiskControls
    from goldenpath.registries.request import Risk
    from goldenpath.registries.terraform.plans import TerraformPlan
    from goldenpath.registries.terraform.workspace import EnvironmentAccess, TerraformWorkspace

STALE_DAYS = 90
ENVIRONMENT_TAG = f"{TAG_PREFIX}/environment"
_GRAVE = ("CRITICAL", "HIGH")
_FINDINGS, _SHOWN = "findings, critical and high", 5


@dataclass(frozen=True)
class RegistryReport:
    """One registry: the rules it breaks, and what is in it.

    `expiring` names the images that go at the next run of its lifecycle, `grave` counts findings of high severity.
    """

    registry: RegistryEntry
    broken: tuple[str, ...]
    images: int = 0
    untagged: int = 0
    stale: int = 0
    expiring: tuple[str, ...] = ()
    grave: int = 0
    unscanned: int = 0


@dataclass(frozen=True)
class EnvironmentReport:
    """One environment: its registries, repositories that nobody described, and what its plan would change.

    `untold` is why it could not be looked at; the rest is empty then.
    """

    name: str
    seen: tuple[RegistryReport, ...] = ()
    unknown: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    untold: str = ""


def inspect(access: EnvironmentAccess, environment: str, now: dt.datetime) -> EnvironmentReport:
    """Look at one environment. What stops that is told in the answer: the others are to be reported all the same."""
    if not access.reaches(environment):
        return EnvironmentReport(environment, untold="no role leads there")
    try:
        workplace = access.workplace(environment)
        registries = ecr_tf.load(access.checkout, environment)
        table, reader = ecr_tf.load_controls(access.checkout), ecr.PlatformEcr(workplace.variables)
        made = _whole_plan(workplace)
        seen = tuple(_seen(reader, each, table, made, now) for each in registries)
        unknown = _unknown(reader, environment, ecr_tf.load_all(access.checkout))
        return EnvironmentReport(environment, seen, unknown, _drift(made))
    except GoldenPathError as error:
        return EnvironmentReport(environment, untold=f"{error.what}: {error.why}" if error.why else error.what)


def compliance_rate(seen: Iterable[RegistryReport]) -> str:
    """Return how many registries comply with every rule, in words: the platform's headline figure."""
    listed = list(seen)
    good = sum(not each.broken for each in listed)
    return f"{good} of {len(listed)} ({100 * good // len(listed)} %)" if listed else "none to look at"


def report(environments: Iterable[EnvironmentReport], run_url: str = "") -> str:
    """Return the report in Markdown: the headline figure, then by owner, then by environment."""
    listed = list(environments)
    everything = [each for environment in listed for each in environment.seen]
    parts = [
        f"**Registries that comply with every rule: {compliance_rate(everything)}.**",
        "### By owner",
        _owners(everything),
    ]
    parts += [_section(environment) for environment in listed]
    legend = (
        f"Stale: tagged, pushed and last pulled more than {STALE_DAYS} days ago. Expiring: the lifecycle policy "
        "removes it within a day. Findings and not scanned: of tagged images, by ECR's own scans. The untagged images "
        "of a registry that holds an image for several platforms may be its parts: their findings count, and they are "
        "told neither as expiring nor as not scanned. Nothing was changed by this report."
    )
    parts += [legend, f"[The run]({run_url})" if run_url else ""]
    return "\n\n".join(filter(None, parts))


def scannable(images: tuple[EcrImage, ...]) -> tuple[EcrImage, ...]:
    """Return those of `images` whose scans count: the tagged ones, and those that an index may refer to.

    ECR scans no index, and other untagged images go within days.
    """
    parts = _parts(images)
    return tuple(each for each in images if not each.is_index and (each.tags or each.digest in parts))


def with_image_counts(
    seen: RegistryReport,
    images: tuple[EcrImage, ...],
    scans: Mapping[str, Mapping[str, int] | None],
    rules: Iterable[LifecycleRule],
    now: dt.datetime,
) -> RegistryReport:
    """Return `seen` with what `images` tell; `scans` are their findings by digest, `None` for one without a scan."""
    parts = _parts(images)
    return replace(
        seen,
        images=len(images),
        untagged=sum(not each.tags for each in images),
        stale=sum(_is_stale(each, now) for each in images),
        expiring=_expiring(rules, images, now),
        grave=sum((findings or {}).get(severity, 0) for findings in scans.values() for severity in _GRAVE),
        unscanned=sum(findings is None for digest, findings in scans.items() if digest not in parts),
    )


def _owners(seen: list[RegistryReport]) -> str:
    owned: dict[str, list[RegistryReport]] = defaultdict(list)
    for each in seen:
        owned[each.registry.owner].append(each)
    rows = [
        (owner, compliance_rate(theirs), str(sum(each.grave for each in theirs)))
        for owner, theirs in sorted(owned.items())
    ]
    return review.markdown_table(("owner", "comply", _FINDINGS), rows)


def _section(environment: EnvironmentReport) -> str:
    head = f"### {environment.name}"
    if environment.untold:
        return f"{head}\n\nNot looked at: {as_markdown(environment.untold)}"
    told = [f"- `{each.registry.name}`: {as_markdown(rule)}" for each in environment.seen for rule in each.broken]
    told += [f"- `{each.registry.name}`: next to expire: {_first(each.expiring)}" for each in environment.seen
             if each.expiring]  # fmt: skip
    told += [f"- `{name}` is in ECR, but not in envs/{environment.name}/ecr.tf: it was made by hand. Have it imported "
             "into the state with an entry of its own, or deleted." for name in environment.unknown]  # fmt: skip
    told += [f"- a plan of the whole environment would {as_markdown(each)}" for each in environment.drift]
    table = _table(environment.seen) if environment.seen else "No registries are described."
    calm = "Everything is as it is described." if environment.seen else ""
    return "\n\n".join(filter(None, [head, table, "\n".join(told) or calm]))


def _table(seen: Iterable[RegistryReport]) -> str:
    columns = ("registry", "owner", "images", "untagged", "stale", "expiring", _FINDINGS, "not scanned")
    rows = [
        (each.registry.name, each.registry.owner,
         *map(str, (each.images, each.untagged, each.stale, len(each.expiring), each.grave, each.unscanned)))
        for each in seen
    ]  # fmt: skip
    return review.markdown_table(columns, rows)


def _first(tags: tuple[str, ...]) -> str:
    more = f" and {len(tags) - _SHOWN} more" if len(tags) > _SHOWN else ""
    return ", ".join(as_markdown(tag) for tag in tags[:_SHOWN]) + more


def _seen(
    reader: PlatformEcr,
    registry: RegistryEntry,
    table: Mapping[Risk, RiskControls],
    made: TerraformPlan,
    now: dt.datetime,
) -> RegistryReport:
    found = reader.describe(registry.name)
    described = made.repository_policies.get(registry.name, "")
    broken = compliance.deviations(registry, table[registry.risk], found, described)
    if found is None:
        return RegistryReport(registry, broken)
    images = reader.images(registry.name)
    rules = compliance.parse_lifecycle(found.lifecycle) if found.lifecycle else ()
    scans = {each.digest: reader.findings(registry.name, each.digest) for each in scannable(images)}
    return with_image_counts(RegistryReport(registry, broken), images, scans, rules, now)


def _unknown(reader: PlatformEcr, environment: str, registries: Iterable[RegistryEntry]) -> tuple[str, ...]:
    """Return the repositories that nobody described; an account may hold those of other environments too."""
    described = {(each.environment, each.name) for each in registries}
    return tuple(
        name
        for name in reader.names()
        if (environment, name) not in described
        and ((found := reader.describe(name)) is None or (found.tags.get(ENVIRONMENT_TAG, ""), name) not in described)
    )


def _is_stale(image: EcrImage, now: dt.datetime) -> bool:
    last = max(filter(None, (image.pushed, image.pulled)))
    return bool(image.tags) and now - last > dt.timedelta(days=STALE_DAYS)


def _expiring(rules: Iterable[LifecycleRule], images: tuple[EcrImage, ...], now: dt.datetime) -> tuple[str, ...]:
    parts = _parts(images)
    gone = compliance.expired_images(rules, [_stored(each, now, referred=each.digest in parts) for each in images])
    return tuple(
        each.tags[0] if each.tags else f"untagged {each.digest[:19]}" for each in images if each.digest in gone
    )


def _stored(image: EcrImage, now: dt.datetime, *, referred: bool) -> LifecycleImage:
    days = (now - image.pushed) / dt.timedelta(days=1)
    return LifecycleImage(image.digest, frozenset(image.tags), days, referred)


def _parts(images: tuple[EcrImage, ...]) -> frozenset[str]:
    """Return the digests of all that an index among `images` may refer to."""
    # Which ones it does refer to stands in the index, and ECR takes the reading of it for a pull.
    held = any(each.is_index for each in images)
    return frozenset(each.digest for each in images if held and not each.tags and not each.is_index)


def _drift(made: TerraformPlan) -> tuple[str, ...]:
    """Return what the plan of a whole environment would change: entry, state and ECR differ there."""
    return tuple(f"{' and '.join(each.actions)} {each.address}" for each in made.changes)


def _whole_plan(workplace: TerraformWorkspace) -> TerraformPlan:
    """Return a plan of the whole environment."""
    key = workspace.load_state_key(workplace.checkout, workplace.environment)
    workplace.work_dir.mkdir(parents=True, exist_ok=True)
    terraform = workplace.terraform
    terraform.init(s3_backend(workplace.bucket, key, workplace.region, workplace.variables))
    return terraform.plan(_saved(workplace))


def _saved(workplace: TerraformWorkspace) -> Path:
    return workplace.work_dir.absolute() / f"{workplace.environment}-whole.tfplan"
