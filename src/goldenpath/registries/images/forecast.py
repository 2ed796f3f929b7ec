"""What the lifecycle policy of a registry removes or archives next, in lines for a terminal, and what ECR says."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.registries.images import lifecycle
from goldenpath.shared.errors import RegistryRefused, RegistryUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.registries.aws.ecr import AppliedRule, EcrImage, PlatformEcr
    from goldenpath.registries.images.lifecycle import LifecycleRule

_MB = 1_000_000
_SHOWN_TAGS = 3
_SHORT_DIGEST = 19
_NOT_YET = "the rules keep it"


@dataclass(frozen=True)
class LifecycleForecast:
    """What happens to the images of the registry `name`; `applied` has only those to which something happens."""

    name: str
    images: tuple[EcrImage, ...]
    rules: tuple[LifecycleRule, ...]
    applied: Mapping[str, AppliedRule]
    now: dt.datetime

    @property
    def affected(self) -> tuple[EcrImage, ...]:
        """The images to which something happens, the oldest first."""
        # ECR's list is newest first.
        return tuple(image for image in reversed(self.images) if image.digest in self.applied)


def forecast(ecr: PlatformEcr, name: str, now: dt.datetime) -> LifecycleForecast:
    """Return what the policy that ECR has for `name` does next. Raises `RegistryUnknown`, `RegistryRefused`."""
    repository = ecr.describe(name)
    if repository is None:
        raise RegistryUnknown(
            f"There is no repository {name!a} in this account and region",
            why="ECR does not describe it",
            fix="Correct the name, or log in to the account and region of its environment",
        )
    try:
        rules = lifecycle.parse_lifecycle(repository.lifecycle) if repository.lifecycle else ()
    except ValueError as error:
        raise RegistryRefused(
            f"The lifecycle policy of {name} cannot be read",
            why=str(error),
            fix="Have the registry applied again: its module writes the policy",
        ) from None
    images = ecr.images(name)
    applied = lifecycle.applied_rules(rules, lifecycle.lifecycle_images(images, now))
    return LifecycleForecast(name, images, rules, applied, now)


def lines(expected: LifecycleForecast) -> Iterator[str]:
    """Yield a summary, then a line for each image to which something happens."""
    archived = sum(expected.applied[image.digest].archives for image in expected.affected)
    size = sum(image.size for image in expected.affected)
    removed = len(expected.affected) - archived
    yield (
        f"{expected.name}: of {len(expected.images)} images, {removed} would be removed and {archived} archived "
        f"({size / _MB:.1f} MB; layers that images share count more than once)"
    )
    reasons = {rule.rule_priority: rule.description for rule in expected.rules}
    for image in expected.affected:
        rule = expected.applied[image.digest]
        days = (expected.now - image.pushed) / dt.timedelta(days=1)
        why = f"rule {rule.priority}: {reasons.get(rule.priority, '')}" if rule.priority else "its image is gone"
        if image.subject and rule.priority:
            why = f"with its image, {why}"
        yield (
            f"{_verb(rule):<8} {image.digest[:_SHORT_DIGEST]} {_names(image):<32} {days:>4.0f} days "
            f"{image.size / _MB:>9.1f} MB  {why}"
        )


def differences(expected: LifecycleForecast, preview: Mapping[str, AppliedRule]) -> tuple[str, ...]:
    """Return a sentence for each image about which ECR's own preview says something else.

    Referrers are left out: ECR removes them after their subject, and its preview is about what rules select.
    """
    referrers = {image.digest for image in expected.images if image.subject}
    by_digest = {image.digest: image for image in expected.images}
    return tuple(
        f"{digest[:_SHORT_DIGEST]} {_names(by_digest.get(digest))}: ECR says {_in_words(preview.get(digest))}, "
        f"this simulation says {_in_words(expected.applied.get(digest))}"
        for digest in sorted({*preview, *expected.applied} - referrers)
        if preview.get(digest) != expected.applied.get(digest)
    )


def _in_words(rule: AppliedRule | None) -> str:
    return f"{_verb(rule)} by rule {rule.priority}" if rule else _NOT_YET


def _verb(rule: AppliedRule) -> str:
    return "archive" if rule.archives else "remove"


def _names(image: EcrImage | None) -> str:
    if image is None:
        return "(pushed meanwhile)"
    if not image.tags:
        return "(referrer)" if image.subject else "(untagged)"
    more = f" +{len(image.tags) - _SHOWN_TAGS}" if len(image.tags) > _SHOWN_TAGS else ""
    return ", ".join(image.tags[:_SHOWN_TAGS]) + more
