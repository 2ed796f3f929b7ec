"""Whether a registry is as its entry asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.registries.aws.ecr import EcrDescription
    from goldenpath.registries.config.ecr_tf import RegistryEntry, RiskControls

TAG_PREFIX = "goldenpath.idp"
_LISTS = frozenset({"Action", "NotAction", "Resource", "NotResource", "AWS", "Federated", "Service", "CanonicalUser"})
UNREADABLE_POLICY = "its repository policy cannot be read"


def deviations(
    registry: RegistryEntry, brought: RiskControls, found: EcrDescription | None, described: str = ""
) -> tuple[str, ...]:
    """Return every rule that the repository `found` breaks, in words; `None` stands for one that is not there.

    `described` is the repository policy that Terraform describes, empty for none: any other statement may let strangers
    push or pull, so it is a deviation.
    """
    if found is None:
        return ("the repository does not exist",)
    exclusions = "_WITH_EXCLUSION" if registry.more.get("immutability_exclusions") else ""
    expected = {
        f"tag {TAG_PREFIX}/id": (registry.id, found.tags.get(f"{TAG_PREFIX}/id", "")),
        f"tag {TAG_PREFIX}/owner": (registry.owner, found.tags.get(f"{TAG_PREFIX}/owner", "")),
        f"tag {TAG_PREFIX}/risk": (registry.risk.value, found.tags.get(f"{TAG_PREFIX}/risk", "")),
        f"tag {TAG_PREFIX}/environment": (registry.environment, found.tags.get(f"{TAG_PREFIX}/environment", "")),
        "tag mutability": (brought.mutability + exclusions, found.mutability),
        "encryption": (brought.encryption, found.encryption),
    }
    told = [f"{what} is {is_ or 'missing'}, not {wanted}" for what, (wanted, is_) in expected.items() if wanted != is_]
    told += [] if found.scan_on_push else ["images are not scanned on push"]
    told += [] if found.lifecycle else ["there is no lifecycle policy"]
    if registry.deprecated_since and not found.policy:
        told.append("pushes are not refused, though it is deprecated")
    return (*told, *policy_deviations(found.policy, described))


def announced_grace_period(found: EcrDescription | None) -> tuple[str, str]:
    """Return the first and the last day of the grace period that was applied; empty where there is none."""
    tags = found.tags if found else {}
    return tags.get(f"{TAG_PREFIX}/deprecated-since", ""), tags.get(f"{TAG_PREFIX}/remove-after", "")


def policy_deviations(found: str, described: str) -> tuple[str, ...]:
    """Return in words what differs between the policy `found` at ECR and the one that Terraform `described`.

    Both are JSON documents, empty where there is none. Statements count as the same whatever their order is, and
    whether one value is written by itself or as a list.
    """
    there, wanted = _statements(found), _statements(described)
    if there is None or wanted is None:
        return (UNREADABLE_POLICY,)
    strange = [_summary(each) for key, each in there.items() if key not in wanted]
    missing = [_summary(each) for key, each in wanted.items() if key not in there]
    return tuple(
        [f"its repository policy has a statement that is not described: {each}" for each in strange]
        + [f"its repository policy lacks a statement: {each}" for each in missing]
    )


def _statements(document: str) -> dict[bytes, dict[str, Any]] | None:
    """Return the statements of `document` by an identity of each; `None` when it is not a policy."""
    if not document:
        return {}
    try:
        listed = msgspec.json.decode(document, type=dict[str, Any]).get("Statement", [])
        # AWS takes one statement by itself, too.
        each_one = msgspec.convert([listed] if isinstance(listed, dict) else listed, list[dict[str, Any]])
        return {msgspec.json.encode(_normal(each), order="sorted"): each for each in each_one}
    except (ValueError, RecursionError):
        return None


def _normal(value: Any, key: str = "") -> Any:  # noqa: ANN401  any value of JSON
    """Return `value` with one form for what IAM reads alike: a lone value as a list, principals under their kind."""
    if key == "Principal" and value == "*":
        return {"AWS": ["*"]}
    if isinstance(value, dict):
        # A statement's name says nothing about what it permits.
        return {name: _normal(each, name) for name, each in value.items() if (key, name) != ("", "Sid")}
    if key in _LISTS:
        return sorted(map(str, value)) if isinstance(value, list) else [str(value)]
    return value


def _summary(statement: dict[str, Any]) -> str:
    words = [str(statement.get(each, "")) for each in ("Sid", "Effect")]
    actions = statement.get("Action", statement.get("NotAction", ""))
    principal = msgspec.json.encode(statement.get("Principal", statement.get("NotPrincipal", ""))).decode()
    listed = ", ".join(map(str, actions)) if isinstance(actions, list) else str(actions)
    return " ".join(filter(None, [*words, listed, "to", principal]))


@dataclass(frozen=True)
class LifecycleImage:
    """One image of a repository: its digest, its tags, and how many days ago it was pushed.

    `referred` tells whether an index that is still there refers to it.
    """

    digest: str
    tags: frozenset[str]
    days: float
    referred: bool = False


class LifecycleSelection(msgspec.Struct, frozen=True, rename="camel"):
    """Which images a rule is about (the API's own field names)."""

    tag_status: str
    count_type: str
    count_number: int
    tag_pattern_list: tuple[str, ...] = ()

    def fits(self, image: LifecycleImage) -> bool:
        """Tell whether `image` has the tags that the rule asks for; of several patterns each must match a tag."""
        if self.tag_status == "any":
            return True
        if self.tag_status == "untagged":
            return not image.tags
        return all(any(_matches(pattern, tag) for tag in image.tags) for pattern in self.tag_pattern_list)

    def wants_gone(self, fitting: list[LifecycleImage]) -> list[LifecycleImage]:
        """Return those of `fitting` (newest push first) that are too many or too old."""
        if self.count_type == "imageCountMoreThan":
            return fitting[self.count_number :]
        return [image for image in fitting if image.days > self.count_number]


class LifecycleRule(msgspec.Struct, frozen=True, rename="camel"):
    """One rule of a lifecycle policy."""

    rule_priority: int
    selection: LifecycleSelection
    description: str = ""


class _LifecyclePolicy(msgspec.Struct, frozen=True):
    rules: tuple[LifecycleRule, ...]


def parse_lifecycle(policy: str) -> tuple[LifecycleRule, ...]:
    """Return the rules of the JSON document `policy`, lowest priority number first. Raises `ValueError`."""
    rules = msgspec.json.decode(policy, type=_LifecyclePolicy).rules
    return tuple(sorted(rules, key=lambda rule: rule.rule_priority))


def expired_images(rules: Iterable[LifecycleRule], images: Iterable[LifecycleImage]) -> dict[str, int]:
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
