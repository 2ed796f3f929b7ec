"""What a lifecycle policy does with the images of a repository, by the rules that Amazon documents.

Sources: Amazon ECR user guide, "Automate the cleanup of images by using lifecycle policies", section "Lifecycle policy
evaluation rules", and "Lifecycle policy properties in Amazon ECR".
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

from goldenpath.registries.aws.ecr import AppliedRule
from goldenpath.shared import codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from goldenpath.registries.aws.ecr import EcrImage

_DAY = dt.timedelta(days=1)
_ARCHIVE = "archive"


@dataclass(frozen=True)
class LifecycleImage:
    """The facts of an image that a lifecycle rule looks at; ages are in days.

    `days` is its age since its push, or since it was restored from the archive. `referred` tells whether an image index
    that still exists refers to it. `idle_days` counts from the last pull, `archived_days` from the day it was archived
    (`None` while it is not). `subject` is the digest of the image that it vouches for; empty for an ordinary image.
    """

    digest: str
    tags: frozenset[str]
    days: float
    referred: bool = False
    idle_days: float | None = None
    archived_days: float | None = None
    subject: str = ""


class CountType(Enum):
    """What a rule counts: images, or days since something happened to an image."""

    IMAGES = "imageCountMoreThan"
    PUSHED = "sinceImagePushed"
    PULLED = "sinceImagePulled"
    TRANSITIONED = "sinceImageTransitioned"


class LifecycleSelection(msgspec.Struct, frozen=True, rename="camel"):
    """The images that a rule is about (the API's own field names)."""

    tag_status: str
    count_type: CountType
    count_number: int
    tag_pattern_list: tuple[str, ...] = ()
    tag_prefix_list: tuple[str, ...] = ()
    storage_class: str = "standard"

    def fits(self, image: LifecycleImage) -> bool:
        """Tell whether `image` has the storage class and the tags that the rule asks for.

        All of its patterns must match a tag.
        """
        # A rule without a storage class selects what can be pulled: archived images are neither counted nor deleted.
        if (self.storage_class == _ARCHIVE) is (image.archived_days is None):
            return False
        if self.tag_status == "any":
            return True
        if self.tag_status == "untagged":
            return not image.tags
        patterns = (*self.tag_pattern_list, *(f"{prefix}*" for prefix in self.tag_prefix_list))
        return all(any(_matches(pattern, tag) for tag in image.tags) for pattern in patterns)

    def surplus(self, fitting: list[LifecycleImage]) -> list[LifecycleImage]:
        """Return those of `fitting` (newest first) that are too many or too old."""
        if self.count_type is CountType.IMAGES:
            return fitting[self.count_number :]
        return [image for image in fitting if self._age(image) > self.count_number]

    def _age(self, image: LifecycleImage) -> float:
        match self.count_type:
            case CountType.PULLED:
                return image.days if image.idle_days is None else image.idle_days
            case CountType.TRANSITIONED:
                return image.archived_days or 0
            case _:
                return image.days


class LifecycleAction(msgspec.Struct, frozen=True, rename="camel"):
    """What a rule does: `expire`, or `transition` to a storage class."""

    type: str = "expire"


class LifecycleRule(msgspec.Struct, frozen=True, rename="camel"):
    """One rule of a lifecycle policy."""

    rule_priority: int
    selection: LifecycleSelection
    description: str = ""
    action: LifecycleAction = LifecycleAction()


class _LifecyclePolicy(msgspec.Struct, frozen=True):
    rules: tuple[LifecycleRule, ...]


def parse_lifecycle(policy: str) -> tuple[LifecycleRule, ...]:
    """Return the rules of the JSON document `policy`, lowest priority number first. Raises `ValueError`."""
    rules = codec.decode(policy, _LifecyclePolicy).rules
    return tuple(sorted(rules, key=lambda rule: rule.rule_priority))


def applied_rules(rules: Iterable[LifecycleRule], images: Iterable[LifecycleImage]) -> dict[str, AppliedRule]:
    """Return what happens to which image, by digest; nothing happens to those that are missing.

    ECR evaluates all rules together: a rule counts every image that fits it, but acts only on those that no rule of
    higher priority fits, and on none that an index refers to. Referrers (signatures, attestations, SBOMs) share the
    fate of their subject, whatever the rules say; priority 0 stands for a subject that does not exist. ECR acts within
    a day; this function knows no time.
    """
    listed = list(images)
    # A referrer fits no rule: it has no tag, and would go as an untagged image while its release stays.
    newest_first = sorted((image for image in listed if not image.subject), key=lambda image: image.days)
    decided: set[str] = set()
    applied: dict[str, AppliedRule] = {}
    for rule in rules:
        fitting = [image for image in newest_first if rule.selection.fits(image)]
        for image in rule.selection.surplus(fitting):
            if image.digest not in decided and not image.referred:
                applied[image.digest] = AppliedRule(rule.rule_priority, rule.action.type == "transition")
        # Also images that this rule keeps are out of reach of later rules: a release is not expired as "any image".
        decided |= {image.digest for image in fitting}
    return applied | _with_subjects(listed, applied)


def expired_images(rules: Iterable[LifecycleRule], images: Iterable[LifecycleImage]) -> dict[str, int]:
    """Return the images that the rules expire: digest → priority of the rule."""
    return {digest: rule.priority for digest, rule in applied_rules(rules, images).items() if not rule.archives}


def lifecycle_images(images: Sequence[EcrImage], now: dt.datetime) -> tuple[LifecycleImage, ...]:
    """Return what lifecycle rules look at of `images`, all images of one repository."""
    parts = index_parts(images)
    return tuple(_facts(image, now, referred=image.digest in parts) for image in images)


def index_parts(images: Iterable[EcrImage]) -> frozenset[str]:
    """Return the digests of all images that an index among `images` may refer to."""
    # Only the index itself says which ones, and ECR records its reading as a pull: a report would keep images alive.
    listed = list(images)
    has_index = any(image.is_index for image in listed)
    return frozenset(
        image.digest for image in listed if has_index and not image.tags and not image.is_index and not image.subject
    )


def _with_subjects(images: list[LifecycleImage], applied: Mapping[str, AppliedRule]) -> dict[str, AppliedRule]:
    """Return what happens to referrers: they follow their subjects, and referrers of referrers follow those."""
    present = {image.digest: image for image in images}
    followed: dict[str, AppliedRule] = {}
    for image in images:
        if not image.subject:
            continue
        root, seen = image, {image.digest}
        # A digest cannot be known before its content, so there are no circles; `seen` ends a forged one.
        while root.subject in present and root.subject not in seen:
            root = present[root.subject]
            seen.add(root.digest)
        if root.subject:
            followed[image.digest] = AppliedRule(0)
        elif rule := applied.get(root.digest):
            followed[image.digest] = rule
    return followed


def _facts(image: EcrImage, now: dt.datetime, *, referred: bool) -> LifecycleImage:
    # A restored image counts as if it had been pushed on the day of its restoration, and its earlier pulls are nothing.
    born = image.activated or image.pushed
    used = image.pulled if image.pulled and image.pulled > born else born
    return LifecycleImage(
        image.digest,
        frozenset(image.tags),
        (now - born) / _DAY,
        referred,
        idle_days=(now - used) / _DAY,
        archived_days=(now - (image.archived_at or image.pushed)) / _DAY if image.archived else None,
        subject=image.subject,
    )


def _matches(pattern: str, tag: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), tag) is not None
