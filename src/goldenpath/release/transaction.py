"""The release as a transaction: all tags of it or none.

Preflight looks before anything is sent. Staging uploads blobs, then manifests *by digest*: nothing is visible by tag.
Commit writes the tags and reads each one back. Whatever goes wrong from staging on, a cancelled run included, is
undone: every tag names what it named before, and what this run staged is removed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct, field

from goldenpath.errors import GoldenPathError, RegistryRefused, TagTaken, UndoIncomplete
from goldenpath.model import codec
from goldenpath.model.layout import INDEX, MANIFEST
from goldenpath.release.tags import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from goldenpath.model.layout import Descriptor, Layout
    from goldenpath.model.names import Commit, Digest, EcrRepository, Tag
    from goldenpath.services.aws import Ecr, RepositoryInfo
    from goldenpath.services.oci_registry import OciRegistry, StoredManifest

UPLOADS_AT_ONCE = 4
REVISION = "org.opencontainers.image.revision"


class _Annotated(Struct, frozen=True):
    annotations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What preflight found: each wanted tag with what it names now, and the digest that all of them shall name.

    `reuse` is the image that an immutable repository already holds for this commit; it takes the candidate's place.
    """

    before: Mapping[Tag, StoredManifest | None]
    target: Digest
    reuse: StoredManifest | None = None

    @property
    def to_write(self) -> tuple[Tag, ...]:
        """The tags that do not name the target yet."""
        return tuple(tag for tag, held in self.before.items() if held is None or held.digest != self.target)


@dataclass(frozen=True)
class Staged:
    """What this run added to the repository before any tag: new manifests (to remove again on undo), and the bytes."""

    manifests: tuple[Digest, ...]
    blobs: int
    size: int


NOTHING_STAGED = Staged((), 0, 0)


def preflight(
    registry: OciRegistry, repository: RepositoryInfo, candidate: Digest, commit: Commit, tags: Sequence[Tag]
) -> Plan:
    """Look at every wanted tag. Raises `TagTaken` when one names something that this release may not replace."""
    before = {tag: registry.manifest(tag) for tag in tags}
    held = {tag: stored for tag, stored in before.items() if stored is not None and stored.digest != candidate}
    if not held:
        return Plan(before, candidate)
    for tag, stored in held.items():
        if tag != LATEST and _revision(stored) != commit:
            raise _taken(tag, stored, repository, "it was not released from this commit")
    if not repository.immutable:
        return Plan(before, candidate)
    return _reuse(repository, before, tags)


def stage(registry: OciRegistry, layout: Layout, say: Callable[[str], None]) -> Staged:
    """Upload every blob that the repository lacks, in parallel, then every manifest by its digest."""
    images = layout.images()
    blobs = {blob.digest: blob for image in images for blob in image.blobs}
    missing = [blob for blob in blobs.values() if not registry.has_blob(blob.digest)]
    size = sum(blob.size for blob in missing)
    if missing:
        say(f"uploading {len(missing)} of {len(blobs)} blobs, {size / 1e6:.1f} MB")
    _upload(registry, layout, missing)
    new = [each for each in _manifests(layout) if registry.manifest(each.digest) is None]
    for each in new:
        registry.put_manifest(each.digest, each.media_type, layout.blob(each.digest).read_bytes())
    return Staged(tuple(each.digest for each in new), len(missing), size)


def commit(registry: OciRegistry, plan: Plan, content: bytes, media_type: str) -> None:
    """Write every tag that does not name the target yet, then read all of them back and compare."""
    for tag in plan.to_write:
        registry.put_manifest(tag, media_type, content)
    for tag in plan.before:
        found = registry.manifest(tag)
        if found is None or found.digest != plan.target:
            raise RegistryRefused(
                f"the tag {tag} names {found.digest if found else 'nothing'} right after it was written",
                why=f"{plan.target} was written; another release may be at work on the same tags",
                fix="let the other release end, then run again",
            )


def undo(
    registry: OciRegistry, ecr: Ecr, name: EcrRepository, plan: Plan, staged: Staged, cause: BaseException
) -> None:
    """Put every tag back to what it named before, then remove what this run staged.

    Does everything it can before it raises `UndoIncomplete`, which names each thing that is left and `cause`.
    """
    left: list[str] = []

    def attempt(action: Callable[[], object], otherwise: str) -> None:
        try:
            action()
        except GoldenPathError as error:
            left.append(f"{otherwise} ({error.what})")

    free = [tag for tag in plan.to_write if plan.before[tag] is None]
    for tag in plan.to_write:
        if held := plan.before[tag]:
            attempt(lambda tag=tag, held=held: registry.put_manifest(tag, held.media_type, held.content),  # type: ignore[misc]
                    f"the tag {tag} does not name {held.digest} again")  # fmt: skip
    if free:
        attempt(lambda: ecr.delete_images(name, free), f"the tags {', '.join(free)} are still there")
    if staged.manifests and not left:
        attempt(lambda: ecr.delete_images(name, staged.manifests), f"{', '.join(staged.manifests)} is still there")
    if left:
        raise UndoIncomplete(
            f"the release to {name} failed and could not be undone whole: {'; '.join(left)}",
            why=str(cause),
            fix="run the same delivery again, which completes or undoes it, or remove what is named above by hand",
        ) from cause


def _reuse(repository: RepositoryInfo, before: Mapping[Tag, StoredManifest | None], tags: Sequence[Tag]) -> Plan:
    """Return the plan that takes the image which an immutable repository already holds for this commit.

    Only if this environment released it: an image that passed another environment's gates alone is refused.
    """
    by_commit, by_environment = before[tags[0]], before[tags[1]]
    if by_commit is None or by_environment is None or by_commit.digest != by_environment.digest:
        tag, held = next((tag, held) for tag, held in before.items() if held is not None)
        raise _taken(tag, held, repository, "the repository is immutable, and this environment did not release it")
    for tag, stored in before.items():
        if stored is not None and stored.digest != by_commit.digest and tag != LATEST:
            raise _taken(tag, stored, repository, "the repository is immutable")
    return Plan(before, by_commit.digest, reuse=by_commit)


def _upload(registry: OciRegistry, layout: Layout, blobs: Sequence[Descriptor]) -> None:
    with ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="upload") as pool:
        largest_first = sorted(blobs, key=lambda blob: blob.size, reverse=True)
        uploads = [pool.submit(registry.upload_blob, blob, layout.blob(blob.digest)) for blob in largest_first]
        try:
            for upload in uploads:
                upload.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _manifests(layout: Layout) -> tuple[Descriptor, ...]:
    """Return the manifests of the layout, an index after what it lists."""
    return tuple(each for each in layout.descriptors() if each.media_type in {INDEX, MANIFEST})


def _revision(stored: StoredManifest) -> str:
    """Return the commit that an image says it was built from; empty when it says nothing."""
    try:
        return codec.decode(stored.content, _Annotated).annotations.get(REVISION, "")
    except ValueError:
        return ""


def _taken(tag: Tag, stored: StoredManifest, repository: RepositoryInfo, why: str) -> TagTaken:
    return TagTaken(
        f"the tag {tag} of {repository.name} already names {stored.digest}",
        why=why,
        fix="deliver a new commit or give a new version; nothing was uploaded",
    )
