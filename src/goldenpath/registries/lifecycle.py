"""What a lifecycle policy would expire: ECR's own reading of its rules, as a function without AWS.

Source: Amazon ECR user guide, "Automate the cleanup of images by using lifecycle policies", section "How lifecycle
policies work", and its examples. ECR runs the rules within a day; nothing here knows when.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class StoredImage:
    """One image of a repository: its digest, its tags, and how many days ago it was pushed.

    `referred` tells whether an index that is still there refers to it.
    """

    digest: str
    tags: frozenset[str]
    days: float
    referred: bool = False


class Selection(msgspec.Struct, frozen=True, rename="camel"):
    """Which images a rule is about (the API's own field names)."""

    tag_status: str
    count_type: str
    count_number: int
    tag_pattern_list: tuple[str, ...] = ()

    def fits(self, image: StoredImage) -> bool:
        """Tell whether `image` has the tags that the rule asks for; of several patterns each must match a tag."""
        if self.tag_status == "any":
            return True
        if self.tag_status == "untagged":
            return not image.tags
        return all(any(_matches(pattern, tag) for tag in image.tags) for pattern in self.tag_pattern_list)

    def wants_gone(self, fitting: list[StoredImage]) -> list[StoredImage]:
        """Return those of `fitting` (newest push first) that are too many or too old."""
        if self.count_type == "imageCountMoreThan":
            return fitting[self.count_number :]
        return [image for image in fitting if image.days > self.count_number]


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """One rule of a lifecycle policy."""

    rule_priority: int
    selection: Selection
    description: str = ""


class _Policy(msgspec.Struct, frozen=True):
    rules: tuple[Rule, ...]


def parse(policy: str) -> tuple[Rule, ...]:
    """Return the rules of the JSON document `policy`, lowest priority number first. Raises `ValueError`."""
    rules = msgspec.json.decode(policy, type=_Policy).rules
    return tuple(sorted(rules, key=lambda rule: rule.rule_priority))


def expired(rules: Iterable[Rule], images: Iterable[StoredImage]) -> dict[str, int]:
    """Return what the rules expire: digest → priority of the rule that does it.

    Each rule counts all the images that fit it, but may expire only those that no rule before it fits, and none that
    an index refers to.
    """
    newest_first = sorted(images, key=lambda image: image.days)
    decided: set[str] = set()
    gone: dict[str, int] = {}
    for rule in rules:
        fitting = [image for image in newest_first if rule.selection.fits(image)]
        for image in rule.selection.wants_gone(fitting):
            if image.digest not in decided and not image.referred:
                gone[image.digest] = rule.rule_priority
        decided |= {image.digest for image in fitting}
    return gone


def _matches(pattern: str, tag: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), tag) is not None
