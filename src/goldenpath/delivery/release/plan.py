"""Preflight: plan the tags of a release, and refuse a tag that it may not replace. Nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.delivery.registry.archive import ImageArchive
from goldenpath.delivery.release.concurrently import map_concurrently
from goldenpath.delivery.release.latest import Latest
from goldenpath.delivery.release.revision import revision_of
from goldenpath.delivery.release.tags import LATEST, ReleaseTags, is_of_environment
from goldenpath.shared.errors import TagTaken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.delivery.registry.ecr_client import RepositoryInfo
    from goldenpath.delivery.registry.oci_registry import StoredManifest
    from goldenpath.delivery.release.access import EcrConnection
    from goldenpath.shared.names import Commit, Digest, Tag


@dataclass(frozen=True)
class ReleasePlan:
    """The result of preflight: the image that every wanted tag names now, and the manifest that all of them shall name.

    `latest` decides whether a moving tag may move; one that may not is not among `before`. `archive` has the images of
    the repository that cannot be pulled: a tag of one is not among the tags to write, unless it moves.
    """

    before: Mapping[Tag, StoredManifest | None]
    target_manifest: StoredManifest
    tags: ReleaseTags
    latest: Latest = field(default_factory=Latest)
    archive: ImageArchive = field(default_factory=ImageArchive)

    @property
    def target(self) -> Digest:
        """The digest that all tags shall name."""
        return self.target_manifest.digest

    @property
    def shared(self) -> frozenset[Tag]:
        """The tags that a release of the same commit to another environment may have too."""
        return frozenset(self.before) - {self.tags.by_environment} - self.tags.moving

    def released_further(self, tags: Iterable[Tag]) -> Tag | None:
        """Return one of an image's `tags` that a release to an environment further along gave it; `None` if none is."""
        names = {tag.rpartition("-")[0] for tag in self.tags.further}
        return min((tag for tag in tags if any(is_of_environment(tag, name) for name in names)), default=None)

    @property
    def to_write(self) -> tuple[Tag, ...]:
        """The tags that do not name the target yet."""
        return tuple(tag for tag, current in self.before.items() if current is None or current.digest != self.target)


def preflight(
    connection: EcrConnection,
    candidate: StoredManifest,
    commit: Commit,
    tags: ReleaseTags,
    latest: Latest | None = None,
) -> ReleasePlan:
    """Look at every wanted tag. Raises `TagTaken` when one names something that this release may not replace.

    Those of `tags` that are `moving` may be taken from another commit, but not from an environment further along.
    """
    repository, moving, latest = connection.info, tags.moving, latest or Latest()
    before = map_concurrently(connection.registry.manifest, tags.wanted)
    # Left out, not refused: the release of an earlier commit is good, and nobody has anything to do
    # (docs/adr/0023-latest-never-goes-back.md).
    for tag in moving & before.keys():
        if latest.stays(before[tag], tag):
            del before[tag]
    # A tag that names the candidate already is one of a re-run, which succeeds without a write.
    taken = {tag: stored for tag, stored in before.items() if stored is not None and stored.digest != candidate.digest}
    require_movable(taken, repository, commit, moving)
    require_free({tag: stored for tag, stored in taken.items() if repository.keeps(tag)}, repository)
    plan = ReleasePlan(before, candidate, tags, latest, archive_behind(before, connection, moving))
    # `latest` is decided by history only. Every other tag goes forward through the environments, so that a version
    # never comes to name an image that only dev's gates saw (docs/adr/0007-release.md, decision 4).
    for tag in (plan.shared | moving - {LATEST}) & taken.keys():
        if by := plan.released_further(connection.ecr.tags_of(repository.name, taken[tag].digest)):
            raise _taken(tag, taken[tag], repository, f"An environment further along released it: {by}")
    return plan


def archive_behind(
    current: Mapping[Tag, StoredManifest | None], connection: EcrConnection, moving: frozenset[Tag]
) -> ImageArchive:
    """Return the archived images of the repository, which is asked only where one of the tags seems to be free.

    Raises `ImageArchived` when a tag that does not move names one. To the registry API such a tag is not there, and
    writing it would take it from that image.
    """
    free = [tag for tag, stored in current.items() if stored is None]
    if not free:
        return ImageArchive()
    archive = connection.ecr.archive(connection.info.name)
    archive.require_active((tag for tag in free if tag not in moving), connection.info.name)
    return archive


def require_movable(
    current: Mapping[Tag, StoredManifest | None],
    repository: RepositoryInfo,
    commit: Commit,
    moving: frozenset[Tag] = frozenset({LATEST}),
) -> None:
    """Raise `TagTaken` when a tag that is not `moving` names an image of another commit."""
    for tag, stored in current.items():
        # The word of the image is enough here. A false one can stop this release, or have the gated candidate put in
        # its place; it gives nobody a tag.
        if stored is None or tag in moving or (revision := revision_of(stored)) == commit:
            continue
        if tag.endswith(commit.short) and revision.startswith(commit.short):
            raise _taken(
                tag, stored, repository,
                f"That image is of the commit {ascii(revision[:40])[1:-1]}, which begins with the same seven "
                "characters; by chance this almost never happens, so find out who released it",
                "Give your commit another id (`git commit --amend --no-edit`, or merge again) and deliver that, or "
                "have the platform team remove the tag: aws ecr batch-delete-image --repository-name "
                f"{repository.name} --image-ids imageTag={tag}; nothing was uploaded",
            )  # fmt: skip
        raise _taken(
            tag, stored, repository, "It was not released from this commit",
            "Deliver a new commit or give a new version; a tag that should move from commit to commit must be named in "
            "`moving_tags` of the platform's rules; nothing was uploaded",
        )  # fmt: skip


def require_free(current: Mapping[Tag, StoredManifest | None], repository: RepositoryInfo) -> None:
    """Raise `TagTaken` when a tag that cannot be moved names other bytes than the candidate.

    That image may say that it is of this commit. Anybody who may push can write that into an image, and the gates of
    this run looked at the candidate only.
    """
    for tag, stored in current.items():
        if stored is not None:
            raise _taken(
                tag,
                stored,
                repository,
                "It says that it was built from this commit, but the gates of this run scanned another build, and an "
                "immutable repository does not move a tag",
                "If an earlier run released it, deploy that one by its digest; for a new image or a new version, "
                "deliver a new commit; if no run released it, tell the platform team; nothing was uploaded",
            )


def _taken(
    tag: Tag,
    stored: StoredManifest,
    repository: RepositoryInfo,
    why: str,
    fix: str = "Deliver a new commit or give a new version; nothing was uploaded",
) -> TagTaken:
    return TagTaken(f"The tag {tag} of {repository.name} already names {stored.digest}", why=why, fix=fix)
