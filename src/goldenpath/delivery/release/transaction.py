"""The release as a transaction: all tags of it or none.

Preflight looks before anything is sent. Staging uploads blobs, then manifests *by digest*: nothing is visible by tag.
Commit writes the tags and reads each one back. Any failure from staging on, also
a cancelled run, is undone: every tag names its earlier image again, and everything that this run staged is removed.

The response to a write is never the only proof. When a write seems to fail, the registry is read again: a connection
may break after the registry has stored the data.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from goldenpath.delivery.model import transfer
from goldenpath.delivery.registry.oci_registry import StoredManifest
from goldenpath.delivery.release import blob_uploads, cancellation
from goldenpath.delivery.release.concurrently import map_concurrently
from goldenpath.delivery.release.revision import revision_of
from goldenpath.delivery.release.tags import LATEST, elsewhere
from goldenpath.shared.errors import GoldenPathError, RegistryRefused, ReleaseLost, UndoIncomplete
from goldenpath.shared.oci import INDEX, MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from goldenpath.delivery.model.layout import Descriptor, Layout
    from goldenpath.delivery.model.transfer import Watch
    from goldenpath.delivery.registry.ecr_client import Ecr
    from goldenpath.delivery.registry.oci_registry import OciRegistry
    from goldenpath.delivery.release.blob_uploads import Uploaded
    from goldenpath.delivery.release.plan import ReleasePlan
    from goldenpath.shared.names import Digest, EcrRepository, Tag

# A rival that loses takes its time to take everything back: seconds, because every request is a round trip.
ROUNDS = 8
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0


class Transaction:
    """One release to the repository `name`. It remembers what it did, so that `undo` can take it back.

    `kept` are the tags that it did not write, because a release of a later commit wrote them meanwhile. Where ECR
    signs what is pushed (`signed`), an undo removes the signatures too.
    """

    def __init__(
        self, registry: OciRegistry, ecr: Ecr, name: EcrRepository, plan: ReleasePlan, *, signed: bool = False
    ) -> None:
        self._registry = registry
        self._ecr = ecr
        self._name = name
        self._plan = plan
        self._signed = signed
        self._staged: list[Digest] = []
        self._written: list[Tag] = []
        self._seen: set[tuple[Tag, Digest]] = set()
        self._replaced: dict[Tag, StoredManifest] = {}
        self.kept: set[Tag] = set()

    def upload(self, layout: Layout, say: Callable[[str], None], watch: Watch = transfer.unwatched) -> Uploaded:
        """Upload every blob that the repository lacks. There is nothing to undo about a blob."""
        return blob_uploads.upload(self._registry, layout, say, watch)

    def missing_manifests(self, layout: Layout) -> tuple[Descriptor, ...]:
        """Return the manifests that the repository lacks, an index after what it lists."""
        # An index comes after what it lists.
        manifests = [blob for blob in layout.descriptors() if blob.media_type in {INDEX, MANIFEST}]
        stored = map_concurrently(self._registry.manifest, [manifest.digest for manifest in manifests])
        return tuple(manifest for manifest in manifests if stored[manifest.digest] is None)

    def stage(self, layout: Layout, manifests: Sequence[Descriptor]) -> None:
        """Store `manifests` of the layout by their digests: nothing is visible by tag yet."""
        for manifest in manifests:
            # An archived manifest is not ours to remove: to push it is to restore it.
            if not self._plan.archive.holds(manifest.digest):
                # Noted before it is sent: if the connection breaks after the registry stored it, the undo must know.
                self._staged.append(manifest.digest)
            self._put(
                manifest.digest, StoredManifest(manifest.digest, manifest.media_type, layout.manifest_bytes(manifest))
            )

    def commit(self, manifest: StoredManifest) -> None:
        """Make every tag of the plan name `manifest`, and prove it by reading all of them back.

        A moving tag is left to a release of a later commit, and taken back from one of an earlier commit. Raises
        `ReleaseLost` when another release to the same tags came first; then every tag is the other's.
        """
        wanted = self._plan.to_write
        # A registry has no compare-and-swap, and a lock elsewhere would be left behind by a run that is killed. So
        # two releases at once both write, read back, and follow one rule (docs/adr/0007-release.md, decision 3).
        for number in range(ROUNDS):
            for tag in wanted:
                current = self._look_before_writing(tag)
                if current is not None and current.digest == manifest.digest and tag not in self._written:
                    continue  # another release of the same image wrote it, and keeps it should this one fail
                if tag in self._plan.tags.moving and self._plan.latest.stays(current, tag):
                    self.kept.add(tag)
                    continue
                # An earlier round may have left it to a release that was undone since.
                self.kept.discard(tag)
                self._note(tag, current)
                # Noted before the write, for the reason that `stage` has.
                self._written.append(tag)
                self._put(tag, manifest)
            # Every tag, also those that were right at first: a rival may have taken one while this round wrote the
            # others.
            tagged = map_concurrently(self._look, self._plan.before)
            wanted = tuple(tag for tag, current in tagged.items() if self._is_contested(tag, current))
            if not wanted:
                return
            # Both of two releases at once see this. The same rule for both decides, whichever sees it first.
            rivals = [
                current for tag in wanted if (current := tagged[tag]) is not None and self._is_rival(tag, current)
            ]
            # Both sides know both digests, so they agree without speaking. Neither knows the other's time or run.
            if any(rival.digest < manifest.digest for rival in rivals):
                self._yield_to(min(rivals, key=lambda rival: rival.digest))
            time.sleep(min(FIRST_PAUSE * 2**number, LONGEST_PAUSE))
        raise self._lost(", ".join(wanted))

    def undo(self, cause: BaseException) -> None:
        """Put every tag back to the image that it named before, then remove the manifests that this run staged.

        A tag that already names another image belongs to another release and stays. Every step is tried before
        `UndoIncomplete` is raised, which lists everything that is left, and the `cause`.
        """
        left: list[str] = []
        for tag in dict.fromkeys(self._written):
            _attempt(lambda tag=tag: self._restore(tag), f"the tag {tag}", left)  # type: ignore[misc]
        # An index goes before what it lists: ECR keeps a manifest that an index refers to.
        for digest in reversed(self._staged):
            _attempt(lambda digest=digest: self._unstage(digest, left), f"the image {digest}", left)  # type: ignore[misc]
        if left:
            raise UndoIncomplete(
                f"The release to {self._name} failed, and its undo is incomplete; still there: {'; '.join(left)}",
                why=str(cause),
                fix="`goldenpath release repair --yes` with this run's receipt.json completes it; so does running the "
                "same delivery again",
            ) from cause

    def _put(self, reference: Tag | Digest, manifest: StoredManifest) -> None:
        """Store `manifest` under `reference`. If that seems to fail, read it back: it may still have succeeded."""
        # An error does not say that nothing was stored: the connection may have broken on the way back.
        with cancellation.defer_signals():  # a write that is under way would land after its undo
            try:
                self._registry.put_manifest(reference, manifest.media_type, manifest.content)
            except GoldenPathError:
                if not self._names(reference, manifest.digest):
                    raise

    def _names(self, reference: Tag | Digest, digest: Digest) -> bool:
        try:
            current = self._registry.manifest(reference)
        except GoldenPathError:
            return False
        return current is not None and current.digest == digest

    def _look(self, tag: Tag) -> StoredManifest | None:
        current = self._registry.manifest(tag)
        if current is not None:
            self._seen.add((tag, current.digest))
        return current

    def _look_before_writing(self, tag: Tag) -> StoredManifest | None:
        """Return what `tag` names. Raises `ReleaseLost` when since preflight it was given to a release that keeps it.

        That is one of another commit, or to an environment further along. It may have ended well, and would not notice
        that it lost a tag.
        """
        current, before = self._look(tag), self._plan.before[tag]
        # What preflight saw was judged there. Only what came since can be another release's.
        known = {self._plan.target, before and before.digest}
        if current is None or tag == LATEST or current.digest in known:
            return current
        # A release that ended well does not look at its tags again. So a fixed tag of another commit is never taken,
        # and no tag goes back to an earlier environment (docs/adr/0007-release.md, decisions 3 and 4).
        moving = tag in self._plan.tags.moving
        guarded = moving or tag in self._plan.shared
        if (moving or self._of_our_commit(current)) and not (guarded and self._is_further(current)):
            return current
        raise self._lost(current.digest)

    def _is_further(self, current: StoredManifest) -> bool:
        return self._plan.released_further(self._ecr.tags_of(self._name, current.digest)) is not None

    def _of_our_commit(self, stored: StoredManifest) -> bool:
        return revision_of(stored) == revision_of(self._plan.target_manifest)

    def _note(self, tag: Tag, current: StoredManifest | None) -> None:
        if current is not None and current.digest != self._plan.target:
            self._replaced[tag] = current

    def _is_contested(self, tag: Tag, current: StoredManifest | None) -> bool:
        """Tell whether `tag` is not ours and must not stay so. A moving tag goes on with every later commit."""
        if current is not None and current.digest == self._plan.target:
            return False
        if tag not in self._plan.tags.moving:
            return True
        before = self._plan.before[tag]
        # A rival that fails puts back what it saw before its own write, which may be from before ours. Then the tag
        # is ours again. On a later commit's image it stays (docs/adr/0023-latest-never-goes-back.md).
        put_back = current is None or (before is not None and current.digest == before.digest)
        return put_back or (
            current is not None and (self._of_our_commit(current) or self._plan.latest.is_behind(current))
        )

    def _is_rival(self, tag: Tag, current: StoredManifest) -> bool:
        """Tell whether another release of our commit wrote `current`. A moving tag may name an image of any commit."""
        return tag not in self._plan.tags.moving or self._of_our_commit(current)

    def _yield_to(self, rival: StoredManifest) -> None:
        """Leave the tags that the `rival` wants to it, and end. The caller undoes the other tags.

        The rival wants every tag that was seen to name its image. A tag that only this environment has must never name
        an image that only another environment's gates allowed.
        """
        if self._of_our_commit(rival):
            for tag in dict.fromkeys(self._written):
                # A moving tag belongs to whoever has the environment's tag.
                shown = self._plan.tags.by_environment if tag in self._plan.tags.moving else tag
                if (shown, rival.digest) in self._seen and self._names(tag, self._plan.target):
                    self._put(tag, rival)
        raise self._lost(rival.digest)

    def _lost(self, rival: str) -> ReleaseLost:
        return ReleaseLost(
            f"Another release to the same tags of {self._name} came first ({rival})",
            why=f"Two releases ran at the same time; this one was {self._plan.target}",
            fix="The registry is consistent: run again if you want this release",
        )

    def _restore(self, tag: Tag) -> None:
        if self._is_anothers(tag) or self._is_taken_up(tag):
            return
        before = self._before(tag)
        if before is not None:
            self._put(tag, before)
            return
        self._ecr.delete_images(self._name, [tag])
        if self._plan.archive.holds(tag):
            # Nobody can read an archived manifest, so we cannot write it under its tag again.
            raise self._plan.archive.refusal(tag, self._name)

    def _before(self, tag: Tag) -> StoredManifest | None:
        """Return the image that `tag` goes back to; for a moving tag, the image of a later release, if that stands."""
        since = self._replaced.get(tag)
        if tag in self._plan.tags.moving and since is not None and self._ecr.tags_of(self._name, since.digest):
            return since
        return self._plan.before[tag]

    def _is_anothers(self, tag: Tag) -> bool:
        """Tell whether `tag` certainly names another image; if it cannot be read, it may be ours."""
        try:
            current = self._registry.manifest(tag)
        except GoldenPathError:
            return False
        return current is None or current.digest != self._plan.target

    def _is_taken_up(self, tag: Tag) -> bool:
        """Tell whether a release of the same image to another environment already has `tag` too.

        A manifest that this run staged had no tags before. If the tags cannot be read, no other release has it.
        """
        if tag not in self._plan.shared or self._plan.target not in self._staged:
            return False
        try:
            named = self._ecr.tags_of(self._name, self._plan.target)
            return elsewhere(named, self._plan.tags.by_environment, self._plan.before)
        except GoldenPathError:
            return False

    def _unstage(self, digest: Digest, left: Sequence[str]) -> None:
        """Remove a staged manifest, unless it already belongs to another image.

        Raises `RegistryRefused` when the index that lists it may be our own: one that could not be removed is `left`.
        """
        if self._ecr.tags_of(self._name, digest):
            return
        signatures = self._ecr.signatures(self._name, digest) if self._signed else ()
        is_listed = self._ecr.delete_images(self._name, [digest])
        if is_listed and left:
            raise RegistryRefused("An index lists it", fix="Remove that index first")
        if signatures and not is_listed:
            self._ecr.delete_images(self._name, signatures)


def _attempt(action: Callable[[], object], what: str, left: list[str]) -> None:
    try:
        action()
    except Exception as error:  # noqa: BLE001  whatever it is, the rest of the undo is done
        left.append(f"{what} ({error.what if isinstance(error, GoldenPathError) else repr(error)})")
