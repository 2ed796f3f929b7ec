"""Which tags a release writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import BadInput
from goldenpath.model.names import Commit, Tag, Version

if TYPE_CHECKING:
    from goldenpath.policy.matrix import Environment

LATEST = Tag("latest")


def of_release(environment: Environment, commit: Commit, version: Version | None) -> tuple[Tag, ...]:
    """Return the tags of a release of `commit`: `a1b2c3d`, `<env>-a1b2c3d`, the version if any, `latest` by policy.

    Raises `BadInput` when the version is a `latest` that the policy refuses.
    """
    if str(version) == LATEST and not environment.latest_allowed:
        raise BadInput(
            f"`latest` is not a version, and {environment.name} has no such tag",
            why="it would say nothing about what runs there",
            fix="give a version like `1.4.2`, or none",
        )
    tags = [Tag(commit.short), Tag(f"{environment.name}-{commit.short}")]
    if version is not None:
        tags.append(Tag(version))
    if environment.latest_allowed:
        tags.append(LATEST)
    return tuple(dict.fromkeys(tags))
