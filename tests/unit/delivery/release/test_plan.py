"""Preflight: the tags that a release may not replace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.receipt import State
from goldenpath.delivery.release.access import EcrConnection
from goldenpath.delivery.stages import ecr_push
from goldenpath.shared.errors import BadInput, ImageArchived, TagTaken, UndoIncomplete
from goldenpath.shared.names import Digest, Tag, Version
from goldenpath.shared.oci import MANIFEST
from tests.unit.builders import COMMIT
from tests.unit.delivery.release.test_transaction import case, hold_own
from tests.unit.layout_builder import AMD64, image_bytes, layout
from tests.unit.registry_double import RegistryDouble, info, trouble
from tests.unit.run_builder import candidate, run

COMMIT_TAG, LOCAL, DEV, PROD, LATEST, VERSION = (
    Tag(each) for each in ("a1b2c3d", "local-a1b2c3d", "dev-a1b2c3d", "prod-a1b2c3d", "latest", "1.4.2")
)


OTHER_COMMIT, ALIKE = "f" * 40, COMMIT[:7] + "f" * 33


BEGINS_ALIKE = (
    f"That image is of the commit {ALIKE}, which begins with the same seven characters; by chance this almost never "
    "happens, so find out who released it"
)


NOT_SCANNED = (
    "It says that it was built from this commit, but the gates of this run scanned another build, and an immutable "
    "repository does not move a tag"
)


OF_THIS_COMMIT, OF_ANOTHER = image_bytes(b"an earlier build"), image_bytes(b"another", revision=OTHER_COMMIT)


Earlier = Callable[[RegistryDouble, Layout], object]


def hold(content: bytes, *tags: Tag) -> Earlier:
    return lambda registry, _: registry.hold(content, MANIFEST, *tags)


def all_of(*earlier: Earlier) -> Earlier:
    return lambda registry, made: [each(registry, made) for each in earlier]


#       what the repository holds                                             immutable  why the release is refused
TAKEN: dict[str, tuple[Earlier, bool, str]] = {
    "another commit's tag":      (hold(OF_ANOTHER, COMMIT_TAG), False, "It was not released from this commit"),
    "another commit's version":  (hold(OF_ANOTHER, VERSION), False, "It was not released from this commit"),
    "another's, immutable":      (hold(OF_ANOTHER, VERSION), True, "It was not released from this commit"),
    "an image without revision": (hold(b"{}", DEV), False, "It was not released from this commit"),
    "an image that is rubbish":  (hold(b"\xff", DEV), False, "It was not released from this commit"),
    "prod's":                    (all_of(hold(OF_THIS_COMMIT, PROD, COMMIT_TAG), hold_own(DEV)), False,
                                  "An environment further along released it: prod-a1b2c3d"),
    "prod's version":            (hold(OF_THIS_COMMIT, PROD, VERSION), False,
                                  "An environment further along released it: prod-a1b2c3d"),
    "prod's, immutable":         (hold(OF_THIS_COMMIT, COMMIT_TAG, PROD), True, NOT_SCANNED),
    "two builds, immutable":     (all_of(hold(OF_THIS_COMMIT, COMMIT_TAG), hold(image_bytes(b"third"), DEV)), True,
                                  NOT_SCANNED),
    "a third build, immutable":  (all_of(hold_own(COMMIT_TAG, DEV), hold(image_bytes(b"3"), VERSION)), True,
                                  NOT_SCANNED),
    "a whole release, immutable": (hold(OF_THIS_COMMIT, COMMIT_TAG, DEV), True, NOT_SCANNED),
    "a commit that begins alike": (hold(image_bytes(b"x", revision=ALIKE), COMMIT_TAG), False,
                                  BEGINS_ALIKE),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_a_tag_that_may_not_be_replaced_is_refused_before_anything_is_sent(tmp_path: Path, name: str) -> None:
    earlier, immutable, why = TAKEN[name]
    one = case(tmp_path, earlier, immutable=immutable)
    before = one.state
    with pytest.raises(TagTaken) as caught:
        one.release()
    assert caught.value.why == why
    assert caught.value.fix.endswith("; nothing was uploaded")
    assert one.state == before
    assert {call.split()[0] for call in one.registry.calls} <= {"manifest", "archive", "tags_of"}


def test_the_second_release_to_an_immutable_repository_of_an_environment_with_latest_is_no_refusal(
    tmp_path: Path,
) -> None:
    """`latest` names the first image there and cannot move: it is no reason to refuse the second commit."""
    one = case(tmp_path, hold(OF_ANOTHER, Tag("fffffff"), Tag("dev-fffffff"), LATEST), immutable=True)
    receipt = one.release()
    assert receipt.state is State.RELEASED
    assert one.registry.tags[LATEST] == Digest.of(OF_ANOTHER)


@pytest.mark.parametrize("asked", [{"image_tag": LATEST}, {"version": Version("latest")}])
def test_latest_that_is_asked_for_by_name_is_refused_where_tags_are_immutable(
    tmp_path: Path, asked: dict[str, Tag | Version]
) -> None:
    registry, made = RegistryDouble(immutable=True), layout(tmp_path / "layout", AMD64)
    double: Any = registry
    with pytest.raises(BadInput) as caught:
        ecr_push.release(
            run(tmp_path, **asked), EcrConnection(double, info(immutable=True), double), made, candidate(made)
        )
    assert caught.value.what == "`latest` is asked for, and my-app does not move that tag: it is immutable"
    assert registry.calls == []


ARCHIVED = Digest("sha256:" + "e" * 64)


@pytest.mark.parametrize("tag", [COMMIT_TAG, DEV, VERSION])
def test_a_tag_of_an_archived_image_is_not_free(tmp_path: Path, tag: Tag) -> None:
    one = case(tmp_path, lambda *_: None)
    one.registry.archived = {tag: ARCHIVED}
    with pytest.raises(ImageArchived) as caught:
        one.release()
    assert caught.value.what == f"The tag {tag} names {ARCHIVED}, which is in the archive of my-app"
    assert {call.split()[0] for call in one.registry.calls} <= {"manifest", "archive"}


def test_a_tag_that_moves_is_taken_from_an_archived_image(tmp_path: Path) -> None:
    one = case(tmp_path, lambda *_: None)
    one.registry.archived = {LATEST: ARCHIVED}
    receipt = one.release()
    assert one.registry.tags[LATEST] == receipt.digest


def test_a_tag_that_an_undo_cannot_give_back_to_an_archived_image_is_reported(tmp_path: Path) -> None:
    one = case(tmp_path, lambda *_: None)
    one.registry.archived = {LATEST: ARCHIVED}

    failures = iter([trouble()])

    def fail_once_all_is_written(call: str) -> None:
        if LATEST in one.registry.tags and (error := next(failures, None)):
            raise error

    one.registry.before_call = fail_once_all_is_written
    with pytest.raises(UndoIncomplete) as caught:
        one.release()
    assert f"still there: the tag latest (The tag latest names {ARCHIVED}, which is in the archive" in caught.value.what
    assert LATEST not in one.registry.tags


def test_only_a_repository_with_a_free_tag_is_asked_for_its_archive(tmp_path: Path) -> None:
    one = case(tmp_path, hold_own(COMMIT_TAG, DEV, VERSION, LATEST))
    assert one.release().state is State.UNCHANGED
    assert "archive" not in one.registry.calls
