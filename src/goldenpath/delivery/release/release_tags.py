"""Choose the tags that the release of a run writes, and those that it may move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.release import tags
from goldenpath.delivery.release.tags import ReleaseTags
from goldenpath.shared.errors import BadInput

if TYPE_CHECKING:
    from goldenpath.delivery.registry.ecr_client import RepositoryInfo
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.names import Commit, Tag, Version


def tags_of(run: Run, info: RepositoryInfo, commit: Commit, version: Version | None = None) -> ReleaseTags:
    """Return the tags of a release of `commit`; `version` where nothing else gives one.

    Raises `BadInput` for one that it must not have.
    """
    return ReleaseTags(
        wanted_tags(run, info, commit, version),
        tags.of_environment(run.environment.name, commit),
        moving=moving_tags(run, info, commit, version),
        further=further_along(run, commit),
    )


def wanted_tags(run: Run, info: RepositoryInfo, commit: Commit, version: Version | None = None) -> tuple[Tag, ...]:
    """Return the tags that a release of `commit` writes to the repository; `version` where nothing else gives one.

    Raises `BadInput` for one that it must not have.
    """
    request = run.request
    version = version_of(run, version)
    wanted = tags.of_release(
        run.environment,
        commit,
        version,
        image_tag=request.image_tag,
        git_tag=git_tag_of(run),
        environments=[environment.name for environment in run.policy.environments],
    )
    if info.keeps(tags.LATEST) and tags.LATEST in {version, request.image_tag}:
        raise BadInput(
            f"`latest` is asked for, and {info.name} does not move that tag: it is {info.kind}",
            why="The next release could not move it",
            fix="Give a version or an image tag that only this release has, or none",
        )
    # A tag that only the policy adds is left out where it could not be moved.
    return tuple(tag for tag in wanted if tag != tags.LATEST or not info.keeps(tag))


def version_of(run: Run, version: Version | None = None) -> Version | None:
    """Return the version of the release; `version` where nothing else gives one."""
    release = run.event.release
    return run.request.version or (
        release.version if release and release.is_for(run.request.ecr_repository) else version
    )


def git_tag_of(run: Run) -> Tag | None:
    """Return the release tag of the run as a tag of the image; `None` where it has none that an image can have."""
    return run.event.release.as_image_tag if run.event.release else None


def of_another_component(run: Run) -> str:
    """Return why this run releases nothing: its tag is of another component. Empty where that is not so."""
    release = run.event.release
    if release is None or release.is_for(run.request.ecr_repository):
        return ""
    return (
        f"not released: the tag {release.name} releases the component {release.component}, and this is the delivery of "
        f"{run.request.ecr_repository}"
    )


def moving_tags(run: Run, info: RepositoryInfo, commit: Commit, version: Version | None = None) -> frozenset[Tag]:
    """Return the tags that a release of `commit` may move from another commit, where the repository moves them."""
    versions = [name for name in (version_of(run, version), git_tag_of(run)) if name is not None]
    movable = tags.moving(run.environment, commit, run.request.image_tag, versions)
    return frozenset(tag for tag in movable if not info.keeps(tag))


def further_along(run: Run, commit: Commit) -> frozenset[Tag]:
    """Return the tags that releases of `commit` have in the environments after this one, in the policy's order."""
    # The policy lists environments from the first to the last; nothing else records their order.
    names = [environment.name for environment in run.policy.environments]
    return frozenset(tags.of_environment(name, commit) for name in names[names.index(run.environment.name) + 1 :])
