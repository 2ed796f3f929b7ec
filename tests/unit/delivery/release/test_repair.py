"""A receipt says what to put right, and what must still hold."""

from __future__ import annotations

from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import msgspec
import pytest

from goldenpath.delivery.model.candidate import Candidate
from goldenpath.delivery.model.layout import Index, Layout
from goldenpath.delivery.model.receipt import Receipt, State
from goldenpath.delivery.release import repair as repairing
from goldenpath.delivery.release.access import EcrConnection
from goldenpath.delivery.release.repair import Repaired, verify
from goldenpath.delivery.release.transaction import Transaction
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.stages import ecr_push
from goldenpath.shared import codec
from goldenpath.shared.errors import GoldenPathError, ImageArchived, ReceiptMismatch, StageOutOfOrder
from goldenpath.shared.names import Digest, Tag, Version
from goldenpath.shared.oci import INDEX, MANIFEST
from tests.unit.layout_builder import AMD64, ARM64, image_bytes, layout
from tests.unit.registry_double import RegistryDouble, info, trouble
from tests.unit.run_builder import candidate, run

LATEST, VERSION = Tag("latest"), Tag("1.4.2")
OLDER = image_bytes(b"older", revision="f" * 40)


def repair(receipt: Receipt, connection: EcrConnection) -> Repaired:
    """Repair what a receipt is about, whose versions and earlier images the operator vouches for."""
    confirmed = [name for move in receipt.tags for name in (move.tag, move.before or "")]
    return repairing.repair(receipt, connection, matrix.load(), confirmed)


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class Release:
    """A release of two platforms into a repository whose `latest` is another's, killed where a test wants it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: Layout = layout(folder / "layout", AMD64, ARM64)
        self.registry = RegistryDouble()
        self.registry.hold(OLDER, MANIFEST, LATEST)
        double: Any = self.registry
        self.connection = EcrConnection(double, info(), double)
        self._run = run(folder, version=Version("1.4.2"))
        self._patch = monkeypatch
        self.before = (dict(self.registry.tags), set(self.registry.manifests))

    def go(self) -> Receipt:
        return ecr_push.release(self._run, self.connection, self.made, candidate(self.made))

    def killed_at(self, call: str) -> Receipt:
        """Let it end at this call, without any undo, and return the receipt that it left."""

        def kill(name: str) -> None:
            if name == call:
                raise Killed

        def die(*_: object) -> None:
            raise Killed

        self.registry.before_call = kill
        with self._patch.context() as patch:
            patch.setattr(Transaction, "undo", die)
            with pytest.raises(Killed):
                self.go()
        self.registry.before_call = lambda _: None
        return self._run.work.read_receipt()

    @property
    def state(self) -> tuple[dict[Tag, Digest], set[Digest]]:
        return dict(self.registry.tags), set(self.registry.manifests)


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    return Release(tmp_path, monkeypatch)


def test_the_receipt_names_what_is_staged_before_the_first_manifest_is_sent(release: Release) -> None:
    wanted = [
        each.digest for each in release.made.descriptors() if each.media_type.endswith(("st.v1+json", "x.v1+json"))
    ]
    receipt = release.killed_at(f"put_manifest {wanted[0]}")
    assert (receipt.state, list(receipt.staged)) == (State.STAGED, wanted)


def every_write(made: Layout) -> list[str]:
    digests = [each.digest for each in made.descriptors() if each.media_type.endswith(("st.v1+json", "x.v1+json"))]
    return [f"put_manifest {each}" for each in (*digests, "a1b2c3d", "dev-a1b2c3d", "1.4.2", "latest")]


def test_wherever_a_release_was_killed_its_repair_makes_the_repository_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = every_write(layout(tmp_path / "any", AMD64, ARM64))
    assert len(calls) == 7
    for number, call in enumerate(calls):
        (tmp_path / str(number)).mkdir()
        one = Release(tmp_path / str(number), monkeypatch)
        repaired = repair(one.killed_at(call), one.connection)
        assert repaired.receipt.state is State.UNDONE
        assert one.state == one.before, call
        assert repair(repaired.receipt, one.connection).done == ()


def test_a_release_that_was_killed_after_its_last_tag_is_whole_and_stays(release: Release) -> None:
    release.go()
    killed = msgspec.structs.replace(release._run.work.read_receipt(), state=State.STAGED)  # noqa: SLF001
    after = release.state
    repaired = repair(killed, release.connection)
    assert repaired.done == ("every tag names the image: the release is whole",)
    assert (repaired.receipt.state, release.state) == (State.RELEASED, after)


def test_a_tag_that_names_something_else_by_now_is_left_alone(release: Release) -> None:
    killed = release.killed_at("put_manifest 1.4.2")
    later = release.registry.hold(image_bytes(b"later"), MANIFEST, Tag("a1b2c3d"))
    repair(killed, release.connection)
    assert release.registry.tags == {LATEST: Digest.of(OLDER), Tag("a1b2c3d"): later}


def test_tags_that_another_environment_has_of_the_same_image_stay(release: Release) -> None:
    killed = release.killed_at("put_manifest latest")
    release.registry.tags[Tag("test-a1b2c3d")] = killed.digest
    repair(killed, release.connection)
    theirs = (Tag("a1b2c3d"), Tag("test-a1b2c3d"), VERSION)
    assert release.registry.tags == {LATEST: Digest.of(OLDER), **dict.fromkeys(theirs, killed.digest)}


def test_an_image_that_is_gone_cannot_be_put_back_and_that_is_said(release: Release) -> None:
    release.registry.tags[VERSION] = release.registry.hold(image_bytes(b"earlier build"), MANIFEST)
    killed = release.killed_at("put_manifest latest")
    gone = next(move.before for move in killed.tags if move.tag == VERSION)
    assert gone is not None
    del release.registry.manifests[gone]
    with pytest.raises(ReceiptMismatch, match=rf"1\.4\.2 cannot go back to {gone}"):
        repair(killed, release.connection)


def test_a_repair_that_fails_can_be_repeated(release: Release) -> None:
    killed = release.killed_at("put_manifest latest")

    def fail_once(name: str) -> None:
        if name == "delete_images dev-a1b2c3d":
            release.registry.before_call = lambda _: None
            raise trouble()

    release.registry.before_call = fail_once
    with pytest.raises(GoldenPathError, match="the registry is down"):
        repair(killed, release.connection)
    repair(killed, release.connection)
    assert release.state == release.before


def test_an_image_that_a_later_index_lists_is_left_to_it_and_the_repair_settles(release: Release) -> None:
    first, second = (each.descriptor for each in release.made.images())
    killed = release.killed_at("put_manifest a1b2c3d")
    later = release.registry.hold(codec.encode(Index(2, [first])), INDEX, Tag("later"))
    repaired = repair(killed, release.connection)
    assert repaired.receipt.state is State.UNDONE
    assert repaired.done == (
        f"{killed.digest} removed", f"{second.digest} removed", f"{first.digest} stays: an index lists it",
    )  # fmt: skip
    assert set(release.registry.manifests) == {Digest.of(OLDER), later, first.digest}
    assert repair(repaired.receipt, release.connection).done == ()


def test_a_repair_whose_own_index_stays_does_not_settle(release: Release) -> None:
    killed = release.killed_at("put_manifest a1b2c3d")

    def refuse(name: str) -> None:
        if name == f"delete_images {killed.digest}":
            raise trouble()

    release.registry.before_call = refuse
    with pytest.raises(GoldenPathError, match="the registry is down"):
        repair(killed, release.connection)
    release.registry.before_call = lambda _: None
    repair(killed, release.connection)
    assert release.state == release.before


def test_a_receipt_of_another_repository_is_refused(release: Release) -> None:
    receipt = release.go()
    elsewhere = changed(release.connection, info=changed(info(), uri="elsewhere/my-app"))
    for act in (repair, verify):
        with pytest.raises(ReceiptMismatch, match=r"The receipt is about registry\.example/my-app"):
            act(receipt, elsewhere)


def test_a_release_that_holds_is_verified_tag_by_tag(release: Release) -> None:
    receipt = release.go()
    assert verify(receipt, release.connection, candidate(release.made)) == (
        "a1b2c3d names the image", "dev-a1b2c3d names the image", "1.4.2 names the image", "latest names the image",
        "every manifest and blob of it can be fetched", "the candidate is the image",
    )  # fmt: skip


def test_everything_that_does_not_hold_is_told_at_once(release: Release) -> None:
    receipt = release.go()
    blob = release.registry.blobs.pop()
    del release.registry.tags[VERSION]
    other = msgspec.structs.replace(candidate(release.made), digest=Digest.of(b"x"))
    with pytest.raises(ReceiptMismatch) as caught:
        verify(receipt, release.connection, other)
    assert caught.value.what == f"The receipt of {receipt.digest} and the registry have 3 differences"
    assert f"the candidate is {other.digest} of a1b2c3d" in caught.value.why
    assert f"1.4.2 names nothing instead of {receipt.digest}" in caught.value.why
    assert f"{blob} is missing from the registry" in caught.value.why


def test_a_repair_does_all_it_can_before_it_says_what_it_could_not(release: Release) -> None:
    killed = release.killed_at("put_manifest latest")

    def refuse(name: str) -> None:
        if name == "delete_images a1b2c3d":
            raise trouble()

    release.registry.before_call = refuse
    with pytest.raises(GoldenPathError, match="the registry is down"):
        repair(killed, release.connection)
    assert set(release.registry.tags) == {Tag("a1b2c3d"), LATEST}


def test_a_tag_that_is_moved_while_a_repair_is_under_way_is_left_alone(release: Release) -> None:
    killed = release.killed_at("put_manifest latest")
    looked: list[str] = []

    def move(name: str) -> None:
        looked.append(name)
        if looked.count("manifest 1.4.2") == 3:
            release.registry.hold(OLDER, MANIFEST, VERSION)

    release.registry.before_call = move
    repair(killed, release.connection)
    assert release.registry.tags == {LATEST: Digest.of(OLDER), VERSION: Digest.of(OLDER)}


@pytest.mark.parametrize("address", ["", "registry.example", "registry.example/", "registry.example/UPPER"])
def test_a_receipt_that_was_edited_into_naming_no_repository_is_no_receipt(
    release: Release, tmp_path: Path, address: str
) -> None:
    text = codec.encode(release.go()).decode().replace("registry.example/my-app", address)
    (tmp_path / "receipt.json").write_text(text)
    with pytest.raises(StageOutOfOrder, match="is not a file that `ecr-push` wrote"):
        codec.read(tmp_path / "receipt.json", Receipt, written_by="ecr-push")


def test_a_candidate_whose_version_was_edited_into_none_is_no_candidate(release: Release, tmp_path: Path) -> None:
    text = codec.encode(candidate(release.made, version="1.4.2")).decode().replace("1.4.2", "no version")
    (tmp_path / "candidate.json").write_text(text)
    with pytest.raises(StageOutOfOrder, match="is not a file that `build` wrote") as caught:
        codec.read(tmp_path / "candidate.json", Candidate, written_by="build")
    assert "a version that can be a tag" in caught.value.why


def test_what_a_repair_would_do_is_told_first_and_changes_nothing(release: Release) -> None:
    killed = release.killed_at("put_manifest latest")
    state = release.state
    release.registry.calls.clear()
    told = repairing.intended(killed, release.connection, matrix.load(), ["1.4.2"])
    removed = [f"{each} would be removed, unless another tag or an index keeps it" for each in reversed(killed.staged)]
    assert told == (*(f"{tag} would be removed" for tag in ("a1b2c3d", "dev-a1b2c3d", "1.4.2")), *removed)
    assert {call.split()[0] for call in release.registry.calls} <= {"archive", "manifest", "tags_of"}
    assert release.state == state


def archived(release: Release, digest: Digest) -> None:
    """Move an image to the archive: nobody can read it, and only ECR's list of the archive has it."""
    release.registry.archived = {tag: named for tag, named in release.registry.tags.items() if named == digest}
    release.registry.tags = {tag: named for tag, named in release.registry.tags.items() if named != digest}
    del release.registry.manifests[digest]


def test_a_released_image_that_is_archived_is_not_reported_as_missing(release: Release) -> None:
    receipt = release.go()
    archived(release, receipt.digest)
    with pytest.raises(ImageArchived) as caught:
        verify(receipt, release.connection)
    assert caught.value.what.startswith(f"The image {receipt.digest} is in the archive of my-app")


def test_a_repair_of_an_archived_image_changes_nothing(release: Release) -> None:
    killed = release.killed_at("put_manifest latest")
    archived(release, killed.digest)
    state = release.state
    with pytest.raises(ImageArchived):
        repair(killed, release.connection)
    with pytest.raises(ImageArchived):
        repairing.intended(killed, release.connection, matrix.load())
    assert release.state == state


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("environment", "dev\n# released"), ("environment", "Dev"), ("environment", "a" * 17),
        ("repository", "registry.example/my-app\n## ✅ released"), ("repository", "@team/my-app"),
        ("repository", "<b>/my-app"), ("repository", "reg istry/my-app"), ("repository", "https://e/my-app"),
    ],
)  # fmt: skip
def test_a_receipt_can_hold_no_markup(release: Release, field: str, value: str) -> None:
    fields = msgspec.to_builtins(release.go(), enc_hook=str)
    with pytest.raises(ValueError, match=r"is not the (name of an environment|address of a repository)"):
        codec.decode(codec.encode({**fields, field: value}), Receipt)


def test_an_image_that_cannot_be_read_is_missing_and_no_crash(release: Release) -> None:
    receipt = release.go()
    broken = release.registry.hold(b'{"manifests": 3}', INDEX, Tag("broken"))
    assert list(repairing.missing(release.connection, broken)) == [f"a readable image {broken}"]
    assert list(repairing.missing(release.connection, receipt.digest)) == []
