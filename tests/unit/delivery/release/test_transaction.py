"""The promise: whatever call fails, the repository shows the whole old release or the whole new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.model.layout import Index, Layout
from goldenpath.delivery.model.receipt import Receipt, State
from goldenpath.delivery.release.access import EcrConnection
from goldenpath.delivery.stages import ecr_push
from goldenpath.shared import codec
from goldenpath.shared.errors import (
    Cancelled,
    GoldenPathError,
    RegistryThrottled,
    ReleaseLost,
    TagTaken,
    UndoIncomplete,
)
from goldenpath.shared.names import Digest, Tag, Version
from goldenpath.shared.oci import INDEX, MANIFEST
from goldenpath.shared.throttling import throttled
from tests.unit.builders import COMMIT
from tests.unit.layout_builder import AMD64, ARM64, image_bytes, layout
from tests.unit.registry_double import RegistryDouble, fault, info, trouble
from tests.unit.run_builder import candidate, run

COMMIT_TAG, LOCAL, DEV, PROD, LATEST, VERSION = (
    Tag(each) for each in ("a1b2c3d", "local-a1b2c3d", "dev-a1b2c3d", "prod-a1b2c3d", "latest", "1.4.2")
)
OTHER_COMMIT, ALIKE = "f" * 40, COMMIT[:7] + "f" * 33
OF_THIS_COMMIT, OF_ANOTHER = image_bytes(b"an earlier build"), image_bytes(b"another", revision=OTHER_COMMIT)
Earlier = Callable[[RegistryDouble, Layout], object]


def hold_own(*tags: Tag) -> Earlier:
    """Return what puts the candidate's own image into the repository, under `tags`."""

    def act(registry: RegistryDouble, made: Layout) -> None:
        for each in made.descriptors():
            if each.media_type.endswith(("manifest.v1+json", "index.v1+json")):
                registry.hold(made.blob(each.digest).read_bytes(), each.media_type)
        registry.tags |= dict.fromkeys(tags, made.root().digest)

    return act


def hold(content: bytes, *tags: Tag) -> Earlier:
    return lambda registry, _: registry.hold(content, MANIFEST, *tags)


def all_of(*earlier: Earlier) -> Earlier:
    return lambda registry, made: [each(registry, made) for each in earlier]


@dataclass
class Case:
    """A release to `environment` of a layout, into a repository that an `earlier` release left something in."""

    registry: RegistryDouble
    made: Layout
    release: Callable[[], Receipt]
    read_receipt: Callable[[], Receipt]

    @property
    def state(self) -> tuple[dict[Tag, Digest], set[Digest]]:
        return dict(self.registry.tags), set(self.registry.manifests)


def case(
    folder: Path, earlier: Earlier, *, immutable: bool = False, platforms: int = 1, environment: str = "dev"
) -> Case:
    path = folder / f"layout-{platforms}"
    made = Layout(path) if path.exists() else layout(path, *(AMD64, ARM64)[:platforms])
    registry = RegistryDouble(immutable=immutable)
    earlier(registry, made)
    here = run(folder, environment, version=Version("1.4.2"))
    double: Any = registry

    def release() -> Receipt:
        return ecr_push.release(here, EcrConnection(double, info(immutable=immutable), double), made, candidate(made))

    return Case(registry, made, release, here.work.read_receipt)


NOTHING: Earlier = all_of()
#       what the repository held before                                       immutable
REPOSITORIES: dict[str, tuple[Earlier, bool]] = {
    "empty":                              (NOTHING,                                                     False),
    "another release is the latest":      (hold(OF_ANOTHER, LATEST, Tag("fffffff")),                    False),
    "an earlier build of this commit":    (hold(OF_THIS_COMMIT, COMMIT_TAG, DEV, VERSION, LATEST),      False),
    "half of this release":               (hold_own(COMMIT_TAG),                                        False),
    "this image, untagged":               (hold_own(),                                                  False),
    "local's build and dev's":            (all_of(hold(OF_THIS_COMMIT, LOCAL, COMMIT_TAG), hold_own(DEV)), False),
    "empty, immutable":                   (NOTHING,                                                     True),
    "half of this release, immutable":    (hold_own(COMMIT_TAG, PROD),                                  True),
    "the same image, immutable":          (hold_own(COMMIT_TAG, DEV),                                   True),
}  # fmt: skip
CASES = [("empty", 1), *((name, 2) for name in REPOSITORIES)]
FAULTS: dict[str, tuple[str, Callable[[], BaseException]]] = {
    "refused": ("before_call", trouble),
    "done, and the answer lost": ("after_call", trouble),
    "interrupted": ("after_call", KeyboardInterrupt),
}


@pytest.mark.parametrize(("name", "platforms"), CASES)
def test_a_release_writes_every_tag_and_its_receipt_says_what_they_named_before(
    tmp_path: Path, name: str, platforms: int
) -> None:
    earlier, immutable = REPOSITORIES[name]
    one = case(tmp_path, earlier, immutable=immutable, platforms=platforms)
    before = dict(one.registry.tags)
    receipt = one.release()
    assert receipt == one.read_receipt()
    assert receipt.state is State.RELEASED
    assert {move.tag: move.before for move in receipt.tags} == {move.tag: before.get(move.tag) for move in receipt.tags}
    assert {move.tag: one.registry.tags.get(move.tag) for move in receipt.tags} == {
        move.tag: receipt.digest for move in receipt.tags
    }
    assert {COMMIT_TAG, DEV, VERSION} <= {move.tag for move in receipt.tags}


@pytest.mark.parametrize(("name", "platforms"), CASES)
@pytest.mark.parametrize("failure", FAULTS)
def test_after_any_one_failure_the_repository_is_the_old_one_or_the_new_one(
    tmp_path: Path, name: str, platforms: int, failure: str
) -> None:
    (earlier, immutable), (when, error) = REPOSITORIES[name], FAULTS[failure]
    number, failures = 0, 0
    while True:
        one = case(tmp_path, earlier, immutable=immutable, platforms=platforms)
        tags, manifests = one.state
        setattr(one.registry, when, fault({number}, error))
        before = len(one.registry.calls)
        try:
            receipt = one.release()
        except (GoldenPathError, KeyboardInterrupt):
            failures += 1
            assert one.registry.tags == tags, f"call {number}: {one.registry.calls[number]}"
            assert set(one.registry.manifests) <= manifests, f"call {number}: {one.registry.calls[number]}"
        else:
            assert all(one.registry.tags[move.tag] == receipt.digest for move in receipt.tags)
        if number >= len(one.registry.calls) - before:
            break
        number += 1
    assert failures >= 4


@pytest.mark.parametrize("name", REPOSITORIES)
@pytest.mark.parametrize("when", ["before_call", "after_call"])
def test_a_registry_that_stays_down_leaves_nothing_that_the_error_does_not_name(
    tmp_path: Path, name: str, when: str
) -> None:
    earlier, immutable = REPOSITORIES[name]
    number, incomplete = 0, 0
    while True:
        one = case(tmp_path, earlier, immutable=immutable, platforms=2)
        tags, manifests = one.state
        setattr(one.registry, when, fault(range(number, 1000), trouble))
        try:
            one.release()
        except UndoIncomplete as told:
            incomplete += 1
            moved = {tag for tag in one.registry.tags if one.registry.tags[tag] != tags.get(tag)}
            left = set(one.registry.manifests) - manifests - set(one.registry.tags.values())
            assert all(str(each) in told.what for each in moved | left)
            assert one.read_receipt().state is State.BROKEN
        except GoldenPathError:
            assert one.registry.tags == tags
        else:
            break
        number += 1
    assert incomplete >= 2


def test_an_undo_that_was_not_whole_names_what_is_left_and_why(tmp_path: Path) -> None:
    one = case(tmp_path, hold(OF_ANOTHER, LATEST))

    def down_from_latest_on(name: str) -> None:
        if name == "put_manifest latest" or one.registry.before_call is not down_from_latest_on:
            one.registry.before_call = fault(range(1000), trouble)
            raise trouble()

    one.registry.before_call = down_from_latest_on
    with pytest.raises(UndoIncomplete) as caught:
        one.release()
    left = "; ".join(f"the tag {tag} (the registry is down)" for tag in (COMMIT_TAG, DEV, VERSION, LATEST))
    image = f"the image {one.made.root().digest} (the registry is down)"
    assert caught.value.what == (
        f"The release to my-app failed, and its undo is incomplete; still there: {left}; {image}"
    )
    assert caught.value.why == "the registry is down. f"
    assert isinstance(caught.value.__cause__, GoldenPathError)


def test_releasing_again_writes_nothing(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING, platforms=2)
    one.release()
    one.registry.calls.clear()
    receipt = one.release()
    assert receipt.state is State.UNCHANGED
    assert {call.split()[0] for call in one.registry.calls} == {"manifest"}


def test_blobs_and_manifests_go_before_any_tag_and_an_index_after_what_it_lists(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING, platforms=2)
    one.release()
    order = [call.split() for call in one.registry.calls if call.startswith(("upload_blob", "put_manifest"))]
    kinds = ["blob" if verb == "upload_blob" else "digest" if ":" in what else "tag" for verb, what in order]
    assert kinds == ["blob"] * 4 + ["digest"] * 3 + ["tag"] * 4
    assert order[6][1] == one.made.root().digest


def test_a_blob_that_is_there_is_not_sent_again(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING, platforms=2)
    blobs = [blob.digest for image in one.made.images() for blob in image.blobs]
    one.registry.blobs = set(blobs[:-1])
    receipt = one.release()
    assert (receipt.uploaded_blobs, [call for call in one.registry.calls if call.startswith("upload")]) == (
        1, [f"upload_blob {blobs[-1]}"],
    )  # fmt: skip


def test_a_tag_that_another_release_took_in_the_meantime_is_left_to_it(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING, immutable=True)
    rival = image_bytes(b"the rival's")

    def come_first(name: str) -> None:
        if name == f"put_manifest {DEV}" and DEV not in one.registry.tags:
            one.registry.hold(rival, MANIFEST, DEV)

    one.registry.before_call = come_first
    with pytest.raises((TagTaken, ReleaseLost)):
        one.release()
    assert one.registry.tags == {DEV: Digest.of(rival)}
    assert set(one.registry.manifests) == {Digest.of(rival)}


def rival_of(one: Case, label: bytes) -> bytes:
    """Return another build of the same commit, which wins over the candidate: its digest is the smaller one."""
    builds = (image_bytes(label + bytes([number])) for number in range(ord("0"), ord("z")))
    return next(build for build in builds if Digest.of(build) < one.made.root().digest)


def test_a_release_that_loses_to_another_environments_leaves_no_tag_of_its_own_on_the_others_image(
    tmp_path: Path,
) -> None:
    """What dev let through must not be called prod's, nor have a version that dev did not give it."""
    one = case(tmp_path, NOTHING, environment="prod")
    rival = rival_of(one, b"dev's")

    def come_between(name: str) -> None:
        if name == f"put_manifest {PROD}":
            one.registry.hold(rival, MANIFEST, COMMIT_TAG, DEV)

    one.registry.before_call = come_between
    with pytest.raises(ReleaseLost, match="Another release to the same tags of my-app came first"):
        one.release()
    assert one.registry.tags == {COMMIT_TAG: Digest.of(rival), DEV: Digest.of(rival)}
    assert set(one.registry.manifests) == {Digest.of(rival)}


def test_a_tag_that_an_environment_further_along_took_in_the_meantime_is_left_to_it(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING)
    theirs = (COMMIT_TAG, PROD)

    def come_first(name: str) -> None:
        if name.startswith("upload_blob"):
            one.registry.hold(OF_THIS_COMMIT, MANIFEST, *theirs)

    one.registry.before_call = come_first
    with pytest.raises(ReleaseLost):
        one.release()
    assert one.registry.tags == dict.fromkeys(theirs, Digest.of(OF_THIS_COMMIT))
    assert set(one.registry.manifests) == {Digest.of(OF_THIS_COMMIT)}


def test_an_environment_further_along_takes_over_the_tags_of_its_commit(tmp_path: Path) -> None:
    one = case(tmp_path, hold(OF_THIS_COMMIT, COMMIT_TAG, DEV, VERSION), environment="prod")
    receipt = one.release()
    assert one.registry.tags == {
        DEV: Digest.of(OF_THIS_COMMIT), **dict.fromkeys((COMMIT_TAG, PROD, VERSION), receipt.digest)
    }  # fmt: skip


def test_a_release_that_overwrote_the_same_environments_and_loses_gives_everything_back(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING)
    rival = rival_of(one, b"dev's other run")

    def come_first_and_once_more(name: str) -> None:
        if name == f"manifest {DEV}" and DEV not in one.registry.tags and COMMIT_TAG in one.registry.tags:
            one.registry.hold(rival, MANIFEST, COMMIT_TAG, DEV)

    one.registry.before_call = come_first_and_once_more
    with pytest.raises(ReleaseLost):
        one.release()
    # `latest` is for whoever has the environment's tag, whether it has come to it yet or not.
    assert one.registry.tags == dict.fromkeys((COMMIT_TAG, DEV, LATEST), Digest.of(rival))


def test_latest_goes_back_to_a_release_that_came_meanwhile_and_not_to_what_was_there_before_both(
    tmp_path: Path,
) -> None:
    one = case(tmp_path, hold(image_bytes(b"older", revision="e" * 40), LATEST, Tag("eeeeeee")))

    def come_meanwhile(name: str) -> None:
        if name == f"put_manifest {VERSION}":
            one.registry.hold(OF_ANOTHER, MANIFEST, Tag("fffffff"), LATEST)
        if name == f"put_manifest {LATEST}":
            one.registry.after_call = fail

    def fail(_name: str) -> None:
        one.registry.after_call = one.registry.before_call = lambda _: None
        raise KeyboardInterrupt

    one.registry.before_call = come_meanwhile
    with pytest.raises(KeyboardInterrupt):
        one.release()
    assert one.registry.tags[LATEST] == Digest.of(OF_ANOTHER)


def test_of_two_releases_the_one_with_the_smaller_digest_wins_and_writes_its_tags_again(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING)
    builds = (image_bytes(b"late" + bytes([number])) for number in range(ord("0"), ord("z")))
    rival = next(build for build in builds if Digest.of(build) > one.made.root().digest)
    written: list[str] = []

    def overwrite(name: str) -> None:
        if name == f"put_manifest {LATEST}" and not written:
            written.append(name)
            one.registry.hold(rival, MANIFEST, COMMIT_TAG)

    one.registry.before_call = overwrite
    receipt = one.release()
    assert {one.registry.tags[tag] for tag in (COMMIT_TAG, DEV, VERSION, LATEST)} == {receipt.digest}


def test_an_undo_does_not_take_an_image_away_that_another_environment_released_meanwhile(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING)

    def released_elsewhere(name: str) -> None:
        if name == f"put_manifest {VERSION}":
            one.registry.tags[PROD] = one.made.root().digest
            raise trouble()

    one.registry.before_call = released_elsewhere
    with pytest.raises(GoldenPathError, match="the registry is down"):
        one.release()
    # The other release has the commit's tag too.
    assert one.registry.tags == dict.fromkeys((COMMIT_TAG, PROD), one.made.root().digest)
    assert one.made.root().digest in one.registry.manifests


@pytest.mark.parametrize("when", ["has_blob", f"put_manifest {DEV}", f"put_manifest {LATEST}"])
def test_an_undo_leaves_the_tags_that_another_environment_has_of_the_same_image(tmp_path: Path, when: str) -> None:
    """Both begin with no tag there; the other one ends well, whichever of the two came first to each tag."""
    one = case(tmp_path, NOTHING)
    image, theirs = one.made.root(), (COMMIT_TAG, PROD, VERSION)
    content = one.made.blob(image.digest).read_bytes()

    def release_elsewhere(name: str) -> None:
        if name.startswith(when):
            one.registry.hold(content, image.media_type, *theirs)
        if name == f"put_manifest {LATEST}":
            one.registry.before_call = lambda _: None
            raise trouble()

    one.registry.before_call = release_elsewhere
    with pytest.raises(GoldenPathError, match="the registry is down"):
        one.release()
    assert one.registry.tags == dict.fromkeys(theirs, image.digest)


def test_an_undo_leaves_to_anothers_index_what_it_lists(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING, platforms=2)
    first = one.made.images()[0].descriptor

    def released_meanwhile(name: str) -> None:
        if name == f"put_manifest {VERSION}":
            one.registry.hold(codec.encode(Index(2, [first])), INDEX, Tag("later"))
            raise trouble()

    one.registry.before_call = released_meanwhile
    with pytest.raises(GoldenPathError, match="the registry is down"):
        one.release()
    assert set(one.registry.manifests) == {one.registry.tags[Tag("later")], first.digest}
    assert one.read_receipt().state is State.UNDONE


def test_what_an_index_of_ours_lists_is_named_with_it_when_the_index_could_not_be_removed(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING, platforms=2)

    def refuse(name: str) -> None:
        if name in {f"put_manifest {COMMIT_TAG}", f"delete_images {one.made.root().digest}"}:
            raise trouble()

    one.registry.before_call = refuse
    with pytest.raises(UndoIncomplete) as caught:
        one.release()
    assert all(digest in caught.value.what for digest in one.registry.manifests)
    assert len(one.registry.manifests) == 3


def test_a_cancelled_release_is_undone_and_says_so(tmp_path: Path) -> None:
    one = case(tmp_path, hold(OF_ANOTHER, LATEST))

    def cancel(name: str) -> None:
        if name == f"put_manifest {VERSION}":
            one.registry.before_call = lambda _: None
            raise Cancelled("The run was stopped by SIGTERM", fix="Run it again: a re-run is safe")

    one.registry.before_call = cancel
    with pytest.raises(Cancelled):
        one.release()
    assert one.registry.tags == {LATEST: Digest.of(OF_ANOTHER)}
    assert one.read_receipt().state is State.UNDONE


def test_a_release_that_stays_throttled_is_undone_and_its_error_names_the_quota(tmp_path: Path) -> None:
    one = case(tmp_path, hold(OF_ANOTHER, LATEST, Tag("fffffff")))
    before = one.state

    def throttle(call: str) -> None:
        if call == "put_manifest latest":
            raise throttled("store the manifest latest", "HTTP 429", "PutImage")

    one.registry.before_call = throttle
    with pytest.raises(RegistryThrottled, match='"Rate of PutImage requests"'):
        one.release()
    assert (one.state, one.read_receipt().state) == (before, State.UNDONE)
