"""Which tags a release writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from goldenpath.errors import BadInput
from goldenpath.model.names import Commit, Tag, Version

if TYPE_CHECKING:
    from goldenpath.policy.matrix import Environment

LATEST = Tag("latest")
_OF_A_COMMIT = re.compile(r"([a-z][a-z0-9]*-)?[0-9a-f]{7}")


def of_release(environment: Environment, commit: Commit, version: Version | None) -> tuple[Tag, ...]:
    """Return the tags of a release of `commit`: `a1b2c3d`, `<env>-a1b2c3d`, the version if any, `latest` by policy.

    Raises `BadInput` when the version is a `latest` that the policy refuses, or reads like the tag of a commit:
    an image of `dev` must not call itself `prod-a1b2c3d`.
    """
    if str(version) == LATEST and not environment.latest_allowed:
        raise BadInput(
            f"`latest` is not a version, and {environment.name} has no such tag",
            why="it would say nothing about what runs there",
            fix="give a version like `1.4.2`, or none",
        )
    tags = [Tag(commit.short), Tag(f"{environment.name}-{commit.short}")]
    if version is not None and Tag(version) not in tags and _OF_A_COMMIT.fullmatch(version):
        raise BadInput(
            f"{version} is not a version: it reads like the tag of a commit",
            why="such tags say which commit an image is of, and which environment let it through",
            fix="give a version like `1.4.2`, or none",
        )
    if version is not None:
        tags.append(Tag(version))
    if environment.latest_allowed:
        tags.append(LATEST)
    return tuple(dict.fromkeys(tags))
