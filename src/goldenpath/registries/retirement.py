"""The rules of a retirement: first deprecated, removed only after the grace period, and not while in use unnoticed.

Deprecation is two dates in `ecr.tf`; the Terraform module turns them into a policy that refuses pushes, and into tags
with the same dates. Those tags are the notice to the owners: `ecr.tf` can be edited afterwards, an applied tag cannot
without an apply.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from goldenpath.registries import compliance
from goldenpath.registries.aws.ecr import PlatformEcr
from goldenpath.registries.compliance import GracePeriod
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.images import in_use
from goldenpath.shared import codec
from goldenpath.shared.errors import GoldenPathError, RetirementRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from goldenpath.registries.aws.ecr import EcrDescription, EcrImage
    from goldenpath.registries.config.ecr_tf import RegistryEntry

GRACE_DAYS, LONGEST_GRACE_DAYS, QUIET_DAYS = 30, 365, 14
_LAST_ENVIRONMENT = "prod"
_SHOWN_TAGS = 5
_FIX_DATES = "correct the two dates in ecr.tf"
_ASK_AGAIN = "put its entry back into ecr.tf, then start retire-ecr-registry again: it has what is new approved"


class RetirementStage(Enum):
    """How far the retirement of a registry has come."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    REMOVABLE = "removable"


@dataclass(frozen=True)
class UsageSign:
    """Evidence that a registry is still used: a sentence, and `keys` for the images or tags that it is about."""

    reason: str
    keys: frozenset[str]


def retirement_stage(registry: RegistryEntry, today: dt.date) -> RetirementStage:
    """Return the stage of `registry` on `today`. Raises `RetirementRefused` when its dates make no grace period."""
    if not registry.deprecated_since and not registry.remove_after:
        return RetirementStage.ACTIVE
    since, until = _date(registry, registry.deprecated_since), _date(registry, registry.remove_after)
    if since >= until:
        raise _refused(registry, "its grace period ends before it begins", _FIX_DATES)
    if (until - since).days < GRACE_DAYS:
        why = f"its grace period of {(until - since).days} days is shorter than {GRACE_DAYS}"
        raise _refused(registry, why, _FIX_DATES)
    return RetirementStage.REMOVABLE if today > until else RetirementStage.DEPRECATED


def with_deprecation(
    text: str, registry: RegistryEntry, today: dt.date, path: Path, grace_days: int = GRACE_DAYS
) -> str:
    """Return `text`, the content of `path`, with `registry` deprecated from `today`; unchanged if it already is.

    Raises `RetirementRefused` for a grace period under `GRACE_DAYS` or over `LONGEST_GRACE_DAYS` days, and
    `RegistryConfigUnexpected`.
    """
    # A running grace period is never moved here: its owners were given a date.
    if retirement_stage(registry, today) is not RetirementStage.ACTIVE:
        return text
    if not GRACE_DAYS <= grace_days <= LONGEST_GRACE_DAYS:
        bounds = f"{GRACE_DAYS} to {LONGEST_GRACE_DAYS}"
        raise _refused(registry, f"a grace period of {grace_days} days is not within {bounds}", "choose one that is")
    until = today + dt.timedelta(days=grace_days)
    dates = {"deprecated_since": today.isoformat(), "remove_after": until.isoformat()}
    return ecr_tf.with_fields(text, registry.name, dates, path)


def require_announced_grace(registry: RegistryEntry, variables: Mapping[str, str], asked_on: dt.date) -> None:
    """Refuse what `require_grace` refuses, by the tags that the repository of `registry` has at ECR."""
    if registry.deprecated_since or registry.remove_after:
        repository = PlatformEcr(variables).describe(registry.name)
        require_grace(registry, compliance.announced_grace_period(repository), asked_on)


def require_grace(registry: RegistryEntry, announced: GracePeriod, asked_on: dt.date) -> None:
    """Refuse with `RetirementRefused` a grace period of `registry` that is shorter than the `announced` one.

    Where none was announced, the deprecation may begin no earlier than the day before `asked_on`, when it was proposed.
    A later end may be chosen at any time.
    """
    if retirement_stage(registry, asked_on) is RetirementStage.ACTIVE:
        return
    since, until = announced.since, announced.until
    if since or until:
        is_kept = (
            registry.deprecated_since == since
            and until
            and _date(registry, until) <= _date(registry, registry.remove_after)
        )
        if not is_kept:
            why = (
                f"its owners were given {since or 'nothing'} to {until or 'nothing'}, and ecr.tf says "
                f"{registry.deprecated_since} to {registry.remove_after}"
            )
            raise _refused(registry, why, "write those dates into ecr.tf again, or a later end")
    # One day of tolerance: the proposal's day is counted in UTC, and its author may be a day behind.
    elif _date(registry, registry.deprecated_since) < asked_on - dt.timedelta(days=1):
        raise _refused(
            registry,
            f"it is dated back to {registry.deprecated_since}, and nobody was notified on that day",
            "take both dates out of ecr.tf, then start retire-ecr-registry: it writes them",
        )


def require_announced_dates(registry: RegistryEntry, repository: EcrDescription | None) -> None:
    """Refuse with `RetirementRefused` a grace period in `ecr.tf` that is not the one in the tags of `repository`."""
    if repository is None or not registry.remove_after:
        return
    applied = compliance.announced_grace_period(repository)
    if applied != GracePeriod(registry.deprecated_since, registry.remove_after):
        dates = " to ".join(filter(None, (applied.since, applied.until))) or "none at all"
        raise _refused(
            registry,
            f"ecr.tf has a grace period from {registry.deprecated_since} to {registry.remove_after}, and another one "
            f"was applied and announced: the repository's tags say {dates}",
            "write the dates of the tags into ecr.tf; where there are none, have its deprecation applied first",
        )


def require_removable(
    registry: RegistryEntry,
    images: Iterable[EcrImage],
    today: dt.date,
    *,
    shown: Iterable[str],
    excluded: Sequence[str] | None = None,
) -> None:
    """Refuse with `RetirementRefused`, naming every reason, to remove `registry` today.

    It must be deprecated and its grace period over: no approval replaces that. Signs of use stop it too, except those
    with the keys `shown`, which its proposal displayed and a second person approved.
    """
    # Images can be pushed or pulled between the review and the apply, so the signs are collected again at the apply.
    signs = signs_of_use(registry, images, today, excluded)
    if new := [sign for sign in signs if not sign.keys <= {*shown}]:
        raise _refused(registry, f"{describe_signs(new)}; the proposal did not show this", _ASK_AGAIN)


def signs_of_use(
    registry: RegistryEntry, images: Iterable[EcrImage], today: dt.date, excluded: Sequence[str] | None = None
) -> tuple[UsageSign, ...]:
    """Return the evidence against removing `registry`: recent pulls, images that run, late pushes, releases of prod.

    `excluded` are the roles whose pulls ECR does not record; `None` when that could not be read. Raises
    `RetirementRefused` when it is too early to remove it at all.
    """
    stage = retirement_stage(registry, today)
    if stage is RetirementStage.ACTIVE:
        raise _refused(registry, "it was never deprecated", "deprecate it first, and wait for its grace period")
    if stage is RetirementStage.DEPRECATED:
        raise _refused(registry, f"its grace period runs until {registry.remove_after}", "wait until that day is over")
    ordered = sorted(images, key=lambda image: image.digest)
    deprecated_since = _date(registry, registry.deprecated_since)
    signs = (
        _recent_pulls(ordered, today, excluded), _running(ordered), _late_pushes(ordered, deprecated_since),
        _releases(ordered),
    )  # fmt: skip
    return tuple(sign for sign in signs if sign.keys)


def roles_without_pull_times(ecr: PlatformEcr) -> tuple[str, ...] | None:
    """Return the roles whose pulls ECR does not record; `None` when this run may not read that."""
    try:
        return ecr.excluded_from_pull_times()
    except GoldenPathError:
        return None


def images_in_words(images: Sequence[EcrImage]) -> str:
    """Return how many images there are, and how many of them are archived."""
    archived = sum(image.archived for image in images)
    return f"{len(images)}, of which {archived} are archived" if archived else f"{len(images)}"


def describe_signs(signs: Iterable[UsageSign]) -> str:
    """Return `signs` as a sentence; empty when there are none."""
    return "; ".join(sign.reason for sign in signs)


def save_image_listing(ecr: PlatformEcr, name: str, environment: str, work_dir: Path) -> tuple[str, ...]:
    """Write tags, times and manifests of every image of `name` into the work folder; return their digests.

    Raises `DiskTrouble`. Call it last, once the removal is certain.
    """
    images = ecr.images(name)
    # ECR records the reading of a manifest as a pull, so a removal that is refused afterwards would look like use.
    # What is archived cannot be read without being restored; it is listed without its manifest.
    manifests = ecr.manifests(name, tuple(image.digest for image in images if not image.archived))
    write_image_listing(images, manifests, name, environment, work_dir)
    return tuple(image.digest for image in images)


def write_image_listing(
    images: Sequence[EcrImage], manifests: Mapping[str, str], name: str, environment: str, work_dir: Path
) -> None:
    """Write `images` and their `manifests` as JSON into the folder `backup` of the work folder."""
    rows: list[dict[str, Any]] = [
        {
            "digest": image.digest, "tags": image.tags, "size": image.size, "pushed": image.pushed.isoformat(),
            "pulled": image.pulled.isoformat() if image.pulled else None, "archived": image.archived,
            "manifest": manifests.get(image.digest),
        }
        for image in images
    ]  # fmt: skip
    path = work_dir / "backup" / f"{environment}-{name.replace('/', '_')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    codec.write_bytes(path, codec.encode({"registry": name, "environment": environment, "images": rows}))


def _recent_pulls(images: Sequence[EcrImage], today: dt.date, excluded: Sequence[str] | None) -> UsageSign:
    since = today - dt.timedelta(days=QUIET_DAYS)
    days = {image.digest: image.pulled.date() for image in images if image.pulled and image.pulled.date() >= since}
    latest = max(days.values(), default=None)
    reason = f"{len(days)} of its images were pulled in the last {QUIET_DAYS} days, last on {latest}"
    return UsageSign(f"{reason} ({_whose_pulls(excluded)})", _keys("pulled", days))


def _whose_pulls(excluded: Sequence[str] | None) -> str:
    # ECR records when an image was pulled, and not by whom; a daily re-scan of a release is a pull, too.
    match excluded:
        case None:
            return "ECR does not say by whom; whether the roles that re-scan are excluded from pull times is not known"
        case []:
            return "ECR does not say by whom, and excludes no role from pull times: it may be the daily re-scan"
        case _:
            roles = ", ".join(arn.rpartition(":")[2] for arn in excluded[:_SHOWN_TAGS])
            more = f" and {len(excluded) - _SHOWN_TAGS} more" if len(excluded) > _SHOWN_TAGS else ""
            return f"not by {roles}{more}, whose pulls ECR does not record"


def _running(images: Sequence[EcrImage]) -> UsageSign:
    # Set where the platform looks at clusters, and taken away a week after an image was last seen there.
    running = [image.digest for image in images if in_use.has_run_lately(image)]
    reason = f"{len(running)} of its images run in a cluster, or did so a week before it was last looked at"
    return UsageSign(reason, _keys("running", running))


def _late_pushes(images: Sequence[EcrImage], deprecated_since: dt.date) -> UsageSign:
    late = [image.digest for image in images if image.pushed.date() > deprecated_since]
    reason = f"{len(late)} of its images were pushed after {deprecated_since}, when pushes were to end"
    return UsageSign(reason, _keys("pushed", late))


def _releases(images: Sequence[EcrImage]) -> UsageSign:
    tags = sorted(tag for image in images for tag in image.tags if tag.startswith(f"{_LAST_ENVIRONMENT}-"))
    more = "…" if len(tags) > _SHOWN_TAGS else ""
    return UsageSign(
        f"it holds releases of {_LAST_ENVIRONMENT}: {', '.join(tags[:_SHOWN_TAGS])}{more}", frozenset(tags)
    )


def _keys(kind: str, digests: Iterable[str]) -> frozenset[str]:
    # Twelve characters: all keys have to fit into the description of a pull request, 65,536 characters long.
    return frozenset(f"{kind} {digest.removeprefix('sha256:')[:12]}" for digest in digests)


def _date(registry: RegistryEntry, text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise _refused(registry, f"{text!a} is not a date", "write both dates in ecr.tf as 2026-11-30") from None


def _refused(registry: RegistryEntry, why: str, fix: str) -> RetirementRefused:
    return RetirementRefused(f"{registry.name} in {registry.environment} is not retired", why=why, fix=fix)
