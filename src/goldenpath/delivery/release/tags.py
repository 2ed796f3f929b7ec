"""The form of release tags: which tags a release writes, and what a tag claims."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.shared.errors import BadInput
from goldenpath.shared.names import SHORT_SHA, Commit, Tag, Version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from goldenpath.delivery.rules.matrix import Environment

LATEST = Tag("latest")
_OF_AN_ENVIRONMENT = re.compile(r"(?P<of>[a-z][a-z0-9]*)-(?P<commit>[0-9a-f]{7})")
# All digits are a date or the number of a build; forty of them are what a commit is written with.
_OF_A_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}|(?=[0-9]*[a-f])[0-9a-f]{7,63}")


@dataclass(frozen=True)
class ReleaseTags:
    """The tags of one release: all that are `wanted`, and the one `by_environment` that no other environment has.

    `moving` are those that may be taken from another commit. `further` are the tags of this commit's releases to
    environments further along: tags go forward, never back to an image that only earlier gates accepted.
    """

    wanted: tuple[Tag, ...]
    by_environment: Tag
    moving: frozenset[Tag] = frozenset({LATEST})
    further: frozenset[Tag] = frozenset()


def of_environment(environment: str, commit: Commit) -> Tag:
    """Return the tag that releases of `commit` to `environment` have, and no others."""
    return Tag(f"{environment}-{commit.short}")


def is_of_environment(tag: Tag, environment: str) -> bool:
    """Tell whether only releases to `environment`, of whatever commit, have `tag`."""
    return tag.startswith(f"{environment}-") and bool(_OF_AN_ENVIRONMENT.fullmatch(tag))


def readable(tags: Iterable[Tag], by_environment: Tag) -> Tag:
    """Return the tag by which people know a release among its `tags`: its version, else the one `by_environment`."""
    named = (
        tag
        for tag in tags
        if tag not in {LATEST, by_environment}
        and not _OF_AN_ENVIRONMENT.fullmatch(tag)
        and not _OF_A_COMMIT.fullmatch(tag)
    )
    return min(named, key=lambda tag: (not tag[0].isdigit(), tag), default=by_environment)


def elsewhere(tags: Iterable[Tag], own: Tag, ours: Collection[Tag]) -> bool:
    """Tell whether one of `tags` is of a release of the same commit to another environment than `own` is of.

    `ours` are all tags of the release itself: one may read like `sha-a1b2c3d`.
    """
    if not _OF_AN_ENVIRONMENT.fullmatch(own):
        return False  # of no environment: the legacy script's
    return any(tag.endswith(own[-SHORT_SHA - 1 :]) and tag not in {own, *ours} for tag in tags)


def of_release(
    environment: Environment,
    commit: Commit,
    version: Version | None,
    *,
    image_tag: Tag | None = None,
    git_tag: Tag | None = None,
    environments: Collection[str] = (),
) -> tuple[Tag, ...]:
    """Return the tags of a release of `commit`.

    `a1b2c3d`, `<env>-a1b2c3d`, the version and the image tag if any, the `git_tag` and `latest` by policy. Raises
    `BadInput` when one that was given is a `latest` that the policy refuses, or reads like what it is not: another
    commit's, or one of another of the `environments`. An image of `dev` must not call itself `prod-a1b2c3d`.
    """
    own = (Tag(commit.short), of_environment(environment.name, commit))
    others = tuple(f"{name}-" for name in environments if name != environment.name)
    asked = (
        (version, "version"),
        (git_tag if environment.git_tag_allowed else None, "git tag"),
        (image_tag, "image tag"),
    )
    given = [(Tag(name), kind) for name, kind in asked if name is not None]
    for tag, kind in given:
        if tag == LATEST and not environment.latest_allowed:
            raise BadInput(
                f"`latest` is not {_a(kind)}, and {environment.name} has no such tag",
                why="It would say nothing about what runs there",
                fix="Give a version like `1.4.2`, or none",
            )
        # Checked before a tag is written and not when it is read: whoever deploys `prod-a1b2c3d` reads only the name.
        if tag not in own and (tag.startswith(others) or _reads_like_a_commits(tag, commit, environment.name)):
            raise BadInput(
                f"{tag} is not {_a(kind)}: it reads like the tag of a commit",
                why="Such tags say which commit an image is of, and which environment accepted it",
                fix="Give a version like `1.4.2`, or none",
            )
    latest = (LATEST,) if environment.latest_allowed else ()
    return tuple(dict.fromkeys((*own, *(tag for tag, _ in given), *latest)))


def moving(
    environment: Environment, commit: Commit, image_tag: Tag | None, versions: Collection[str]
) -> frozenset[Tag]:
    """Return the tags that a release may move from another commit: `latest`, and the image tag if the policy says so.

    The tags of the commit and the `versions` of the release never move.
    """
    fixed = {commit.short, of_environment(environment.name, commit), *versions}
    # An app cannot say that a tag moves: others deploy by it (docs/adr/0029-tags-that-move.md).
    if image_tag is None or image_tag in fixed or not environment.moves(image_tag):
        return frozenset({LATEST})
    return frozenset({LATEST, image_tag})


def _reads_like_a_commits(tag: Tag, commit: Commit, environment: str) -> bool:
    """Tell whether `tag` claims another commit, or a release of another commit to `environment`.

    `sha-a1b2c3d` and a longer form of `commit` itself are true. A number may be that of a build: should a commit begin
    with the same seven digits, its release ends with `tag-taken` and moves nothing.
    """
    if match := _OF_AN_ENVIRONMENT.fullmatch(tag):
        if match["of"] == environment:
            return True
        return not (commit.startswith(match["commit"]) or match["commit"].isdecimal())
    return bool(_OF_A_COMMIT.fullmatch(tag)) and not commit.startswith(tag)


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
