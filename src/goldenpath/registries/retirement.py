"""How a registry is taken away."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from goldenpath.errors import RetirementRefused
from goldenpath.model import codec
from goldenpath.registries import compliance, proposal
from goldenpath.registries.aws import ecr
from goldenpath.registries.config import ecr_tf, hcl_edit
from goldenpath.registries.config.ecr_tf import BLOCK, MAP, unexpected
from goldenpath.registries.config.hcl import HclUnexpected
from goldenpath.registries.review import PullRequestText
from goldenpath.registries.terraform import workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from goldenpath.registries.aws.ecr import EcrDescription, EcrImage, PlatformEcr
    from goldenpath.registries.config.ecr_tf import RegistryEntry
    from goldenpath.registries.proposal import ProposalContext, ProposalResult
    from goldenpath.registries.terraform.workspace import TerraformWorkspace

GRACE_DAYS, LONGEST_GRACE_DAYS, QUIET_DAYS = 30, 365, 14
_MEND = "mend the two dates in ecr.tf"
_LAST, _NAMED = "prod", 5
ASK_AGAIN = "put its entry back into ecr.tf, then start retire-ecr-registry again: it has what is new approved"


class RetirementStage(Enum):
    """Where a registry stands on its way out."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    REMOVABLE = "removable"


@dataclass(frozen=True)
class ImageUse:
    """What ECR tells of one image: its tags, and the days of its last pull and of its push (`None`: not known)."""

    digest: str
    tags: frozenset[str]
    last_pulled: dt.date | None = None
    pushed: dt.date | None = None


@dataclass(frozen=True)
class UsageSign:
    """What tells that a registry is still used, in words; `keys` are the images or releases that tell it."""

    reason: str
    keys: frozenset[str]


def retirement_stage(registry: RegistryEntry, today: dt.date) -> RetirementStage:
    """Return where `registry` stands `today`. Raises `RetirementRefused` when its dates cannot be read."""
    if not registry.deprecated_since and not registry.remove_after:
        return RetirementStage.ACTIVE
    since, until = _date(registry, registry.deprecated_since), _date(registry, registry.remove_after)
    if since >= until:
        raise _refused(registry, "its grace period ends before it begins", _MEND)
    if (until - since).days < GRACE_DAYS:
        why = f"its grace period of {(until - since).days} days is shorter than {GRACE_DAYS}"
        raise _refused(registry, why, _MEND)
    return RetirementStage.REMOVABLE if today > until else RetirementStage.DEPRECATED


def with_deprecation(
    text: str, registry: RegistryEntry, today: dt.date, path: Path, grace_days: int = GRACE_DAYS
) -> str:
    """Return `text`, the content of `path`, with `registry` deprecated from `today`; unchanged when it is already.

    A grace period that runs is never changed here: its owners were told a date. Raises `RetirementRefused` for a grace
    period under `GRACE_DAYS` or over `LONGEST_GRACE_DAYS` days, and `RegistryConfigUnexpected`.
    """
    if retirement_stage(registry, today) is not RetirementStage.ACTIVE:
        return text
    if not GRACE_DAYS <= grace_days <= LONGEST_GRACE_DAYS:
        bounds = f"{GRACE_DAYS} to {LONGEST_GRACE_DAYS}"
        raise _refused(registry, f"a grace period of {grace_days} days is not within {bounds}", "choose one that is")
    until = today + dt.timedelta(days=grace_days)
    fields = {"deprecated_since": today.isoformat(), "remove_after": until.isoformat()}
    try:
        return hcl_edit.with_fields(text, BLOCK, MAP, registry.name, fields)
    except HclUnexpected as error:
        raise unexpected(path, error) from None


def require_grace(registry: RegistryEntry, announced: tuple[str, str], asked_on: dt.date) -> None:
    """Refuse with `RetirementRefused` a grace period of `registry` that would be shorter than its owners are told.

    `announced` are the first and the last day that they were told, by the repository's tags, empty when they were not
    yet: then it may begin no earlier than the day before `asked_on`, when its deprecation was proposed. A later end may
    be chosen at any time.
    """
    if retirement_stage(registry, asked_on) is RetirementStage.ACTIVE:
        return
    since, until = announced
    if any(announced):
        kept = (
            registry.deprecated_since == since
            and until
            and _date(registry, until) <= _date(registry, registry.remove_after)
        )
        if not kept:
            why = (
                f"its owners were told {since or 'nothing'} to {until or 'nothing'}, and ecr.tf says "
                f"{registry.deprecated_since} to {registry.remove_after}"
            )
            raise _refused(registry, why, "write those dates into ecr.tf again, or a later end")
    elif _date(registry, registry.deprecated_since) < asked_on - dt.timedelta(days=1):
        raise _refused(
            registry,
            f"it is dated back to {registry.deprecated_since}, and nobody was told on that day",
            "take both dates out of ecr.tf, then start retire-ecr-registry: it writes them",
        )


def require_removable(
    registry: RegistryEntry, images: Iterable[ImageUse], today: dt.date, *, shown: Iterable[str]
) -> None:
    """Refuse with `RetirementRefused`, naming every reason, to remove `registry` today.

    It must be deprecated and its grace period over: nobody can approve that away. Signs of use are reasons too, unless
    the proposal, which a second person approved, showed them: `shown` are their keys.
    """
    signs = signs_of_use(registry, images, today)
    if new := [sign for sign in signs if not sign.keys <= {*shown}]:
        raise _refused(registry, f"{describe_signs(new)}; the proposal did not show this", ASK_AGAIN)


def signs_of_use(registry: RegistryEntry, images: Iterable[ImageUse], today: dt.date) -> tuple[UsageSign, ...]:
    """Return what speaks against removing `registry`: pulls within `QUIET_DAYS` days, late pushes, releases of prod.

    Raises `RetirementRefused` when it is too early to remove it at all.
    """
    found = retirement_stage(registry, today)
    if found is RetirementStage.ACTIVE:
        raise _refused(registry, "it was never deprecated", "deprecate it first, and wait for its grace period")
    if found is RetirementStage.DEPRECATED:
        raise _refused(registry, f"its grace period runs until {registry.remove_after}", "wait until that day is over")
    listed = sorted(images, key=lambda image: image.digest)
    signs = (_pulled(listed, today), _late(listed, _date(registry, registry.deprecated_since)), _released(listed))
    return tuple(sign for sign in signs if sign.keys)


def describe_signs(signs: Iterable[UsageSign]) -> str:
    """Return `signs` in words; empty when there are none."""
    return "; ".join(sign.reason for sign in signs)


def _pulled(images: Sequence[ImageUse], today: dt.date) -> UsageSign:
    since = today - dt.timedelta(days=QUIET_DAYS)
    days = {image.digest: image.last_pulled for image in images if image.last_pulled and image.last_pulled >= since}
    latest = max(days.values(), default=None)
    reason = f"{len(days)} of its images were pulled in the last {QUIET_DAYS} days, last on {latest}"
    return UsageSign(reason, _keys("pulled", days))


def _late(images: Sequence[ImageUse], deprecated_since: dt.date) -> UsageSign:
    late = [image.digest for image in images if image.pushed and image.pushed > deprecated_since]
    reason = f"{len(late)} of its images were pushed after {deprecated_since}, when pushes were to end"
    return UsageSign(reason, _keys("pushed", late))


def _released(images: Sequence[ImageUse]) -> UsageSign:
    tags = sorted(tag for image in images for tag in image.tags if tag.startswith(f"{_LAST}-"))
    reason = f"it holds releases of {_LAST}: {', '.join(tags[:_NAMED])}{'…' if len(tags) > _NAMED else ''}"
    return UsageSign(reason, frozenset(tags))


def _keys(what: str, digests: Iterable[str]) -> frozenset[str]:
    # Short, for a description of a pull request has to hold them all.
    return frozenset(f"{what} {digest.removeprefix('sha256:')[:12]}" for digest in digests)


def _date(registry: RegistryEntry, text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise _refused(registry, f"{text!a} is not a date", "write both dates in ecr.tf as 2026-11-30") from None


def _refused(registry: RegistryEntry, why: str, fix: str) -> RetirementRefused:
    return RetirementRefused(f"{registry.name} in {registry.environment} is not retired", why=why, fix=fix)


@dataclass(frozen=True)
class ImageListing:
    """What was saved of a registry: the file that holds it, and the digest of every image in it."""

    path: Path
    digests: tuple[str, ...]


def propose_deprecation(
    desk: ProposalContext, name: str, today: dt.date, grace_days: int = GRACE_DAYS
) -> ProposalResult:
    """Propose that pushes to `name` are refused from the merge on. Raises `RegistryUnknown`, `RetirementRefused`."""
    checkout, environment = desk.workplace.checkout, desk.workplace.environment
    registry, path = ecr_tf.find(checkout, environment, name), ecr_tf.path_of(checkout, environment)
    require_announced_grace(desk.workplace, name, today)
    text = ecr_tf.read_text(path)
    codec.write_bytes(path, with_deprecation(text, registry, today, path, grace_days).encode())
    plan = workspace.plan(desk.workplace, name)
    now = ecr_tf.find(checkout, environment, name)
    notice = (
        f"**Pushes are refused once this is merged; pulls go on. After {now.remove_after} it may be removed, with its "
        f"images.** This is the notice to its owner, {now.owner}: say here if it is still needed."
    )
    return proposal.publish(desk, name, plan, PullRequestText("Deprecate", _facts(now), lead=(notice,)))


def propose_removal(desk: ProposalContext, name: str, today: dt.date) -> ProposalResult:
    """Propose that `name` is removed, with its images; the listing of them is saved in the work folder first.

    Raises `RegistryUnknown`, `RetirementRefused` when it is not deprecated or its grace period runs. Signs that it is
    still used are shown in the pull request, which a second person has to approve.
    """
    checkout, environment = desk.workplace.checkout, desk.workplace.environment
    registry, path = ecr_tf.find(checkout, environment, name), ecr_tf.path_of(checkout, environment)
    reader = ecr.PlatformEcr(desk.workplace.variables)
    found = reader.describe(name)
    images = reader.images(name) if found else ()
    require_announced_dates(registry, found)
    signs = signs_of_use(registry, _uses(images), today)
    if images:
        _write_listing(images, {}, name, environment, desk.workplace.work_dir)
    codec.write_bytes(path, _without(ecr_tf.read_text(path), name, path).encode())
    plan = workspace.plan(desk.workplace, name, removal=True)
    used = (
        f"**It is still in use: {describe_signs(signs)}.** A second person has to approve this pull request: somebody "
        "who neither started the workflow nor wrote this." if signs else
        f"Nothing in it was pulled in the last {QUIET_DAYS} days, and no release of prod is in it."
    )  # fmt: skip
    lost = (
        f"Images that are deleted with it: {len(images)}. The run that opened this keeps their listing as an artifact."
    )
    told = PullRequestText("Remove", _facts(registry), lead=(used, lost))
    shown = tuple(sorted(key for sign in signs for key in sign.keys))
    return proposal.publish(desk, name, plan, told, removal=True, signs=shown)


def require_announced_grace(workplace: TerraformWorkspace, name: str, asked_on: dt.date) -> None:
    """Refuse what `retire.require_grace` refuses of the entry `name`, by the tags that its repository has."""
    registry = ecr_tf.find(workplace.checkout, workplace.environment, name)
    if registry.deprecated_since or registry.remove_after:
        found = ecr.PlatformEcr(workplace.variables).describe(name)
        require_grace(registry, compliance.announced_grace_period(found), asked_on)


def require_announced_dates(registry: RegistryEntry, found: EcrDescription | None) -> None:
    """Refuse with `RetirementRefused` a grace period that is not the one which was applied, and told to the owners.

    The tags of the repository say that one; the dates in `ecr.tf` may have been edited since.
    """
    if found is None or not registry.remove_after:
        return
    applied = compliance.announced_grace_period(found)
    if applied != (registry.deprecated_since, registry.remove_after):
        told = " to ".join(filter(None, applied)) or "none at all"
        raise RetirementRefused(
            f"{registry.name} in {registry.environment} is not retired",
            why=f"ecr.tf has a grace period from {registry.deprecated_since} to {registry.remove_after}, and another "
            f"one was applied and told: the repository's tags say {told}",
            fix="write the dates of the tags into ecr.tf; where there are none, have its deprecation applied first",
        )


def require_removable_images(
    registry: RegistryEntry, images: Iterable[EcrImage], today: dt.date, *, shown: Iterable[str]
) -> None:
    """Refuse with `RetirementRefused` as `retire.require_removable` does."""
    require_removable(registry, _uses(images), today, shown=shown)


def save_image_listing(reader: PlatformEcr, name: str, environment: str, work_dir: Path) -> ImageListing:
    """Write tags, times and manifests of every image of `name` into the work folder. Raises `DiskTrouble`.

    ECR takes the reading of a manifest for a pull: do this last, once it is clear that the registry may go.
    """
    images = reader.images(name)
    manifests = reader.manifests(name, tuple(image.digest for image in images))
    return _write_listing(images, manifests, name, environment, work_dir)


def _write_listing(
    images: Sequence[EcrImage], manifests: Mapping[str, str], name: str, environment: str, work_dir: Path
) -> ImageListing:
    listed: list[dict[str, Any]] = [
        {
            "digest": image.digest, "tags": image.tags, "size": image.size, "pushed": image.pushed.isoformat(),
            "pulled": image.pulled.isoformat() if image.pulled else None, "manifest": manifests.get(image.digest),
        }
        for image in images
    ]  # fmt: skip
    path = work_dir / "backup" / f"{environment}-{name.replace('/', '_')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    codec.write_bytes(path, codec.encode({"registry": name, "environment": environment, "images": listed}))
    return ImageListing(path, tuple(image.digest for image in images))


def _uses(images: Iterable[EcrImage]) -> list[ImageUse]:
    return [
        ImageUse(each.digest, frozenset(each.tags), each.pulled.date() if each.pulled else None, each.pushed.date())
        for each in images
    ]


def _without(text: str, name: str, path: Path) -> str:
    try:
        return hcl_edit.without_entry(text, ecr_tf.BLOCK, ecr_tf.MAP, name)
    except HclUnexpected as error:
        raise ecr_tf.unexpected(path, error) from None


def _facts(registry: RegistryEntry) -> dict[str, str]:
    return {
        "environment": registry.environment,
        "id": registry.id,
        "owner": registry.owner,
        "domain": registry.domain,
        "risk": registry.risk.value,
        "deprecated since": registry.deprecated_since,
        "removed after": registry.remove_after,
    }
