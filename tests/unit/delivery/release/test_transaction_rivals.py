"""What others do to the same repository meanwhile is theirs: it is neither overwritten nor undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.model.receipt import State
from goldenpath.delivery.release import transaction
from goldenpath.shared import codec
from goldenpath.shared.errors import DiskTrouble, GoldenPathError, RegistryRefused, ReleaseLost, UndoIncomplete
from goldenpath.shared.names import Digest, Tag
from goldenpath.shared.oci import MANIFEST
from tests.unit.delivery.release.test_transaction import (
    COMMIT_TAG,
    DEV,
    LATEST,
    NOTHING,
    OF_ANOTHER,
    OF_THIS_COMMIT,
    VERSION,
    Case,
    case,
    hold,
)
from tests.unit.layout_builder import image_bytes
from tests.unit.registry_double import trouble


def when(one: Case, call: str, act: object) -> None:
    """Have `act` happen once, just before `call`."""
    happened: list[str] = []

    def before(name: str) -> None:
        if name == call and not happened:
            happened.append(name)
            act()  # type: ignore[operator]

    one.registry.before_call = before


def test_a_version_that_another_commit_took_during_the_upload_stays_the_other_commits(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING)
    root = one.made.root().digest
    when(one, f"put_manifest {root}", lambda: one.registry.hold(OF_ANOTHER, MANIFEST, VERSION))
    with pytest.raises(ReleaseLost) as caught:
        one.release()
    assert Digest.of(OF_ANOTHER) in caught.value.what
    assert one.registry.tags == {VERSION: Digest.of(OF_ANOTHER)}
    assert set(one.registry.manifests) == {Digest.of(OF_ANOTHER)}
    assert one.read_receipt().state is State.UNDONE


@pytest.mark.parametrize("label", range(8))
def test_a_version_that_another_commit_took_after_our_write_is_lost_whoevers_digest_is_smaller(
    tmp_path: Path, label: int
) -> None:
    """The other one read its tags back, found them whole, and ended well: it would never learn that it lost one."""
    one = case(tmp_path, NOTHING)
    other = image_bytes(b"other %d" % label, revision="f" * 40)
    when(one, f"put_manifest {LATEST}", lambda: one.registry.hold(other, MANIFEST, VERSION))
    with pytest.raises(ReleaseLost):
        one.release()
    assert one.registry.tags == {VERSION: Digest.of(other)}


def test_a_rival_that_takes_its_time_to_give_way_does_not_make_both_lose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "FIRST_PAUSE", 0.001)
    one = case(tmp_path, NOTHING)
    builds = (image_bytes(b"late %d" % number) for number in range(100))
    rival = next(build for build in builds if Digest.of(build) > one.made.root().digest)
    written: list[str] = []

    def overwrite(name: str) -> None:
        if name == f"put_manifest {COMMIT_TAG}" and len(written) < 6:
            written.append(name)
            one.registry.hold(rival, MANIFEST, COMMIT_TAG)

    one.registry.after_call = overwrite
    receipt = one.release()
    assert len(written) == 6
    assert {one.registry.tags[tag] for tag in (COMMIT_TAG, DEV, VERSION, LATEST)} == {receipt.digest}


def test_a_tag_that_is_moved_while_we_undo_is_not_moved_back(tmp_path: Path) -> None:
    one = case(tmp_path, hold(OF_THIS_COMMIT, COMMIT_TAG))
    later = image_bytes(b"later")
    undoing = []

    def act(name: str) -> None:
        if name == f"put_manifest {LATEST}":
            undoing.append(name)
            raise trouble()
        if undoing and name == f"manifest {COMMIT_TAG}":
            one.registry.hold(later, MANIFEST, COMMIT_TAG, DEV)

    one.registry.before_call = act
    with pytest.raises(GoldenPathError, match="the registry is down"):
        one.release()
    assert one.registry.tags == {COMMIT_TAG: Digest.of(later), DEV: Digest.of(later)}


def test_what_ecr_does_not_delete_is_named_and_all_else_is_undone(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING)

    def refuse(name: str) -> None:
        if name == f"put_manifest {LATEST}":
            raise trouble()
        if name == f"delete_images {DEV}":
            raise RegistryRefused("ECR did not remove 1 of 1 images", why="KmsError", fix="f")

    one.registry.before_call = refuse
    with pytest.raises(UndoIncomplete) as caught:
        one.release()
    assert "the tag dev-a1b2c3d (ECR did not remove 1 of 1 images)" in caught.value.what
    assert set(one.registry.tags) == {DEV}
    assert one.read_receipt().state is State.BROKEN


def test_an_undo_goes_on_after_an_error_that_nobody_foresaw(tmp_path: Path) -> None:
    one = case(tmp_path, NOTHING)

    def surprise(name: str) -> None:
        if name == f"put_manifest {LATEST}":
            raise trouble()
        if name == f"delete_images {COMMIT_TAG}":
            raise RuntimeError("can't start new thread")

    one.registry.before_call = surprise
    with pytest.raises(UndoIncomplete, match="can't start new thread"):
        one.release()
    assert set(one.registry.tags) == {COMMIT_TAG}


def test_a_disk_that_is_full_by_then_hides_neither_the_undo_nor_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = case(tmp_path, NOTHING)

    def full(*_: object) -> None:
        raise DiskTrouble("receipt.json cannot be written", fix="f")

    def act(name: str) -> None:
        if name == f"put_manifest {LATEST}":
            monkeypatch.setattr(codec, "write", full)
            raise trouble()

    one.registry.before_call = act
    with pytest.raises(GoldenPathError, match="the registry is down"):
        one.release()
    assert one.state == ({}, set())


def test_a_receipt_that_cannot_be_written_stops_the_release_before_its_first_tag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = case(tmp_path, NOTHING)

    def full(*_: object) -> None:
        raise DiskTrouble("receipt.json cannot be written", fix="f")

    monkeypatch.setattr(codec, "write", full)
    with pytest.raises(DiskTrouble):
        one.release()
    assert one.state == ({}, set())
    assert not [call for call in one.registry.calls if call == f"put_manifest {Tag(COMMIT_TAG)}"]
