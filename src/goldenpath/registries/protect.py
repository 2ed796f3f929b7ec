"""Keep the images that run somewhere: set and remove their tags, registry by registry. Off unless roles are named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.registries.aws.ecr import PlatformEcr
from goldenpath.registries.config import ecr_tf
from goldenpath.registries.images import in_use
from goldenpath.shared.errors import GoldenPathError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from goldenpath.registries.aws.clusters import ClusterReport
    from goldenpath.registries.config.ecr_tf import RegistryEntry
    from goldenpath.registries.terraform.planning import EnvironmentAccess


@dataclass(frozen=True)
class ProtectionResult:
    """What was changed in one environment, in lines for a log; `failed` counts registries that were not protected."""

    lines: tuple[str, ...]
    failed: int = 0


def protect(access: EnvironmentAccess, environment: str, today: dt.date) -> ProtectionResult:
    """Tag what runs of the registries of `environment`, and take old tags away.

    A registry that fails is a line and a failure, and so is an environment.
    """
    roles = access.setting(in_use.ROLES, environment)
    if not roles:
        return ProtectionResult((f"{environment}: off, because {in_use.ROLES} names no role",))
    if not access.reaches(environment):
        missing = f"{access.role_kind.value}{environment.upper()}"
        return ProtectionResult((f"! {environment}: nothing is protected, because {missing} is not set",))
    try:
        return _protect_environment(access, environment, roles, today)
    except GoldenPathError as error:
        # A trust policy that is wrong in one account must not leave the others without protection.
        return ProtectionResult((f"! {environment}: {error.what}",), failed=1)


def _protect_environment(access: EnvironmentAccess, environment: str, roles: str, today: dt.date) -> ProtectionResult:
    report = in_use.look(roles, lambda arn, region: access.login(environment, arn, region))
    ecr = PlatformEcr(access.login(environment))
    lines = [f"{environment}: {len(report.images)} images of ECR run in {report.clusters} clusters"]
    # What could not be looked at may run an image: nothing loses its tag then.
    lines += [f"! {note}; no tag is taken away" for note in report.notes]
    failed = 0
    for entry in ecr_tf.load(access.checkout, environment):
        try:
            lines += _protect_registry(ecr, entry, report, today)
        except GoldenPathError as error:
            failed += 1
            lines.append(f"! {entry.name}: {error.what}")
    return ProtectionResult(tuple(lines), failed)


def _protect_registry(ecr: PlatformEcr, entry: RegistryEntry, report: ClusterReport, today: dt.date) -> Iterator[str]:
    repository = ecr.describe(entry.name)
    if repository is None:
        return
    images = ecr.images(entry.name)
    running = in_use.digests_in(report, repository.uri)
    kept = in_use.kept_digests(ecr, entry.name, images, running)
    changes = in_use.tag_changes(
        images, kept, today, is_complete=not report.notes, takes_pushes=not entry.deprecated_since
    )
    # New tags first: a run that is interrupted leaves an image with one tag too many, never with one too few.
    for digest, tag in changes.added:
        ecr.add_tag(entry.name, digest, tag)
    ecr.remove_tags(entry.name, changes.removed)
    if changes.added or changes.removed:
        yield f"✓ {entry.name}: {len(changes.added)} tags set, {len(changes.removed)} taken away"
    yield from (f"! {entry.name}: {note}" for note in changes.notes)
