"""What the real provider does with tags: default ones, ignored ones, and which requests a change makes.

Sources: internal/tags/key_value_tags.go (`IgnoreConfig`, `RemoveDefaultConfig`), and `setTagsAll` and the tags
interceptor in internal/provider/sdkv2/tags_interceptor.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OF_AWS = "aws:"


@dataclass(frozen=True)
class TagRules:
    """The provider's `default_tags`, and the `keys` and `prefixes` of its `ignore_tags`."""

    default: Mapping[str, str]
    keys: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    def all(self, own: Mapping[str, str] | None) -> dict[str, str]:
        """Return `tags_all` for a resource whose configuration says `own`."""
        return self.kept({**self.default, **(own or {})})

    def kept(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Return `tags` without those that are AWS's or ignored."""
        ignored = (*self.prefixes, _OF_AWS)
        return {key: value for key, value in tags.items() if key not in self.keys and not key.startswith(ignored)}

    def own(self, tags: Mapping[str, str], configured: Mapping[str, str] | None) -> dict[str, str]:
        """Return which of `tags` are the resource's own: no default ones, unless it is `configured` with them too."""
        return {
            key: value
            for key, value in tags.items()
            if self.default.get(key) != value or (configured or {}).get(key) == value
        }


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return `tags` as ECR takes them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def as_map(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return `tags` of ECR by key."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def change(ecr: Any, arn: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:  # noqa: ANN401  boto3
    """Make the requests of a change: one that removes, then one that sets, each only if there is something to do."""
    if gone := sorted(set(before) - set(after)):
        ecr.untag_resource(resourceArn=arn, tagKeys=gone)
    if wanted := {key: value for key, value in after.items() if before.get(key) != value}:
        ecr.tag_resource(resourceArn=arn, tags=as_list(wanted))
