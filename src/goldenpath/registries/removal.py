"""The two steps of a retirement as proposals: deprecate, and after the grace period remove. Nothing is lost unsaid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.errors import RetirementRefused
from goldenpath.model import codec
from goldenpath.registries import compliance, proposal, retirement
from goldenpath.registries.aws import ecr
from goldenpath.registries.config import ecr_tf, hcl_edit
from goldenpath.registries.config.hcl import HclUnexpected
from goldenpath.registries.retirement import Use
from goldenpath.registries.review import Told
from goldenpath.registries.terraform import workspace

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from goldenpath.registries.aws.ecr import Described, Image, Reader
    from goldenpath.registries.config.ecr_tf import Registry
    from goldenpath.registries.proposal import Desk, Proposed
    from goldenpath.registries.terraform.workspace import Workplace


@dataclass(frozen=True)
class Listing:
    """What was saved of a registry: the file that holds it, and the digest of every image in it."""

    path: Path
    digests: tuple[str, ...]


def deprecate(desk: Desk, name: str, today: dt.date, grace_days: int = retirement.GRACE_DAYS) -> Proposed:
    """Propose that pushes to `name` are refused from the merge on. Raises `RegistryUnknown`, `RetirementRefused`."""
    checkout, environment = desk.workplace.checkout, desk.workplace.environment
    registry, path = ecr_tf.find(checkout, environment, name), ecr_tf.path_of(checkout, environment)
    require_grace(desk.workplace, name, today)
    text = ecr_tf.read_text(path)
    codec.write_bytes(path, retirement.deprecated(text, registry, today, path, grace_days).encode())
    plan = workspace.plan(desk.workplace, name)
    now = ecr_tf.find(checkout, environment, name)
    notice = (
        f"**Pushes are refused once this is merged; pulls go on. After {now.remove_after} it may be removed, with its "
        f"images.** This is the notice to its owner, {now.owner}: say here if it is still needed."
    )
    return proposal.publish(desk, name, plan, Told("Deprecate", _facts(now), lead=(notice,)))


def remove(desk: Desk, name: str, today: dt.date) -> Proposed:
    """Propose that `name` is removed, with its images; the listing of them is saved in the work folder first.

    Raises `RegistryUnknown`, `RetirementRefused` when it is not deprecated or its grace period runs. Signs that it is
    still used are shown in the pull request, which a second person has to approve.
    """
    checkout, environment = desk.workplace.checkout, desk.workplace.environment
    registry, path = ecr_tf.find(checkout, environment, name), ecr_tf.path_of(checkout, environment)
    reader = ecr.Reader(desk.workplace.variables)
    found = reader.describe(name)
    images = reader.images(name) if found else ()
    require_told(registry, found)
    signs = retirement.signs_of_use(registry, _uses(images), today)
    if images:
        _write_listing(images, {}, name, environment, desk.workplace.work_dir)
    codec.write_bytes(path, _without(ecr_tf.read_text(path), name, path).encode())
    plan = workspace.plan(desk.workplace, name, removal=True)
    used = (
        f"**It is still in use: {retirement.told(signs)}.** A second person has to approve this pull request: somebody "
        "who neither started the workflow nor wrote this." if signs else
        f"Nothing in it was pulled in the last {retirement.QUIET_DAYS} days, and no release of prod is in it."
    )  # fmt: skip
    lost = (
        f"Images that are deleted with it: {len(images)}. The run that opened this keeps their listing as an artifact."
    )
    told = Told("Remove", _facts(registry), lead=(used, lost))
    shown = tuple(sorted(key for sign in signs for key in sign.keys))
    return proposal.publish(desk, name, plan, told, removal=True, signs=shown)


def require_grace(workplace: Workplace, name: str, asked_on: dt.date) -> None:
    """Refuse what `retire.require_grace` refuses of the entry `name`, by the tags that its repository has."""
    registry = ecr_tf.find(workplace.checkout, workplace.environment, name)
    if registry.deprecated_since or registry.remove_after:
        found = ecr.Reader(workplace.variables).describe(name)
        retirement.require_grace(registry, compliance.announced(found), asked_on)


def require_told(registry: Registry, found: Described | None) -> None:
    """Refuse with `RetirementRefused` a grace period that is not the one which was applied, and told to the owners.

    The tags of the repository say that one; the dates in `ecr.tf` may have been edited since.
    """
    if found is None or not registry.remove_after:
        return
    applied = compliance.announced(found)
    if applied != (registry.deprecated_since, registry.remove_after):
        told = " to ".join(filter(None, applied)) or "none at all"
        raise RetirementRefused(
            f"{registry.name} in {registry.environment} is not retired",
            why=f"ecr.tf has a grace period from {registry.deprecated_since} to {registry.remove_after}, and another "
            f"one was applied and told: the repository's tags say {told}",
            fix="write the dates of the tags into ecr.tf; where there are none, have its deprecation applied first",
        )


def require_removable(registry: Registry, images: Iterable[Image], today: dt.date, *, shown: Iterable[str]) -> None:
    """Refuse with `RetirementRefused` as `retire.require_removable` does."""
    retirement.require_removable(registry, _uses(images), today, shown=shown)


def save_listing(reader: Reader, name: str, environment: str, work_dir: Path) -> Listing:
    """Write tags, times and manifests of every image of `name` into the work folder. Raises `DiskTrouble`.

    ECR takes the reading of a manifest for a pull: do this last, once it is clear that the registry may go.
    """
    images = reader.images(name)
    manifests = reader.manifests(name, tuple(image.digest for image in images))
    return _write_listing(images, manifests, name, environment, work_dir)


def _write_listing(
    images: Sequence[Image], manifests: Mapping[str, str], name: str, environment: str, work_dir: Path
) -> Listing:
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
    return Listing(path, tuple(image.digest for image in images))


def _uses(images: Iterable[Image]) -> list[Use]:
    return [
        Use(each.digest, frozenset(each.tags), each.pulled.date() if each.pulled else None, each.pushed.date())
        for each in images
    ]


def _without(text: str, name: str, path: Path) -> str:
    try:
        return hcl_edit.without_entry(text, ecr_tf.BLOCK, ecr_tf.MAP, name)
    except HclUnexpected as error:
        raise ecr_tf.unexpected(path, error) from None


def _facts(registry: Registry) -> dict[str, str]:
    return {
        "environment": registry.environment,
        "id": registry.id,
        "owner": registry.owner,
        "domain": registry.domain,
        "risk": registry.risk.value,
        "deprecated since": registry.deprecated_since,
        "removed after": registry.remove_after,
    }
