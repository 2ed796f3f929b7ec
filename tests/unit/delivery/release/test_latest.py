"""`latest` never goes back to an earlier commit, whenever the releases of two commits meet."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as with_fields

from goldenpath.delivery.github.history import CommitOrder
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.receipt import Receipt, State
from goldenpath.delivery.registry.oci_registry import StoredManifest
from goldenpath.delivery.release.access import EcrConnection
from goldenpath.delivery.release.latest import Latest
from goldenpath.delivery.stages import ecr_push
from goldenpath.shared.errors import BadInput, GoldenPathError, ReleaseLost, TagTaken
from goldenpath.shared.names import Commit, Digest, Tag
from goldenpath.shared.oci import MANIFEST
from goldenpath.shared.runner import Runner
from tests.unit.builders import COMMIT
from tests.unit.layout_builder import AMD64, image_bytes, layout
from tests.unit.registry_double import RegistryDouble, fault, trouble
from tests.unit.run_builder import candidate, run

LATEST = Tag("latest")
FIRST, EARLIER, LATER, ASIDE = (Commit(each * 40) for each in "0123")
LINE = (FIRST, EARLIER, Commit(COMMIT), LATER)
IN_ACTIONS = Runner(in_actions=True, api_url="https://api.example", repository="o/app")


@dataclass
class HistoryDouble:
    """A history in which every commit of `LINE` is made on the one before it. `tips` is what refs name."""

    tips: dict[str, str] = field(default_factory=dict)
    answer: CommitOrder | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def order(self, commit: Commit, other: Commit) -> CommitOrder:
        self.asked.append((commit, other))
        if self.answer is not None:
            return self.answer
        if other not in LINE:
            return CommitOrder.UNRELATED
        return CommitOrder.LATER if LINE.index(commit) > LINE.index(other) else CommitOrder.EARLIER

    def tip(self, ref: str) -> str:
        return self.tips.get(ref, "")


class Place:
    """A repository, and releases of any commit to it."""

    def __init__(
        self, folder: Path, *, immutable: bool = False, excluded: tuple[str, ...] = (), image_tag: str = ""
    ) -> None:
        self.folder = folder
        self.image_tag = Tag(image_tag) if image_tag else None
        self.registry = RegistryDouble(immutable=immutable, excluded=excluded)

    def hold(self, commit: str, *tags: Tag) -> Digest:
        return self.registry.hold(image_bytes(b"held", revision=commit), MANIFEST, *(tags or (LATEST,)))

    def release(self, commit: str = COMMIT, latest: Latest | None = None) -> Receipt:
        """Release `commit`, which asks `latest` (its own history by default), and return the receipt."""
        path = self.folder / commit[:7]
        made = Layout(path) if path.exists() else layout(path, AMD64, content=commit.encode(), revision=commit)
        here = run(self.folder / f"run-{commit[:7]}")
        here = replace(here, request=replace(here.request, image_tag=self.image_tag))
        double: Any = self.registry
        connection = EcrConnection(double, self.registry.info, double)
        described = with_fields(candidate(made), commit=Commit(commit))
        return ecr_push.release(here, connection, made, described, latest or guard(commit))


def guard(commit: str = COMMIT, history: HistoryDouble | None = None, ref: str = "") -> Latest:
    double: Any = history or HistoryDouble()
    return Latest(commit, double, ref=ref)


def stored(revision: str) -> StoredManifest:
    content = image_bytes(b"x", revision=revision)
    return StoredManifest(Digest.of(content), MANIFEST, content)


def test_latest_moves_on_to_a_later_commit_and_stays_there(tmp_path: Path) -> None:
    place = Place(tmp_path)
    later = place.hold(LATER)
    receipt = place.release()
    assert receipt.state is State.RELEASED
    assert LATEST not in [move.tag for move in receipt.tags]
    assert place.registry.tags == {
        LATEST: later, Tag(COMMIT[:7]): receipt.digest, Tag(f"dev-{COMMIT[:7]}"): receipt.digest,
    }  # fmt: skip
    assert place.release(LATER).digest == place.registry.tags[LATEST]


@pytest.mark.parametrize("held", [EARLIER, ASIDE, "none of ours", ""])
def test_latest_moves_from_an_earlier_commit_and_from_one_that_has_no_order(tmp_path: Path, held: str) -> None:
    place = Place(tmp_path)
    place.hold(held)
    assert place.release().digest == place.registry.tags[LATEST] == place.registry.tags[Tag(COMMIT[:7])]


def test_an_immutable_repository_has_no_latest_and_github_is_not_asked(tmp_path: Path) -> None:
    place, history = Place(tmp_path, immutable=True), HistoryDouble()
    place.hold(LATER, Tag("2222222"))
    receipt = place.release(latest=guard(history=history))
    assert LATEST not in [move.tag for move in receipt.tags]
    assert history.asked == []


def meet(place: Place, commit: str, other: str, number: int) -> str:
    """Release `commit`, and all of `other` just before its call with this number; return that call, if there is one."""
    met: list[str] = []
    count = itertools.count()

    def act(name: str) -> None:
        if not met and next(count) == number:
            met.append(name)
            place.release(other)

    place.registry.before_call = act
    place.release(commit)
    return "".join(met)


@pytest.mark.parametrize(("commit", "other"), [(COMMIT, LATER), (LATER, COMMIT)])
def test_whenever_the_releases_of_two_commits_meet_latest_is_the_later_one(
    tmp_path: Path, commit: str, other: str
) -> None:
    """All that is left open is the instant between a look at the tag and its write: no registry compares and swaps."""
    left_open = []
    for number in itertools.count():
        place = Place(tmp_path / f"{number}")
        place.hold(FIRST)
        if not (call := meet(place, commit, other, number)):
            break
        tags = place.registry.tags
        assert (tags[Tag(f"dev-{COMMIT[:7]}")], tags[Tag(f"dev-{LATER[:7]}")]) == (
            tags[Tag(COMMIT[:7])], tags[Tag(LATER[:7])],
        )  # fmt: skip
        if tags[LATEST] != tags[Tag(LATER[:7])]:
            left_open.append(call)
    assert number > 10
    assert left_open == ([f"put_manifest {LATEST}"] if commit == COMMIT else [])


def test_an_earlier_release_that_overwrote_latest_is_overwritten(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.hold(FIRST)
    earlier = image_bytes(b"e", revision=EARLIER)
    happened: list[str] = []

    def act(name: str) -> None:
        if name == f"put_manifest {LATEST}" and not happened:
            happened.append(name)
            place.registry.hold(earlier, MANIFEST, LATEST)

    place.registry.after_call = act
    receipt = place.release()
    assert place.registry.tags[LATEST] == receipt.digest
    assert len([call for call in place.registry.calls if call == f"put_manifest {LATEST}"]) == 2


def test_a_release_that_fails_leaves_latest_where_a_later_commit_put_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    later = place.hold(LATER)
    before = dict(place.registry.tags), set(place.registry.manifests)
    number = 0
    while True:
        place.registry.before_call = fault({number}, trouble)
        try:
            place.release()
        except GoldenPathError:
            assert (place.registry.tags, set(place.registry.manifests)) == before
            number += 1
        else:
            break
    assert (number > 5, place.registry.tags[LATEST]) == (True, later)


@pytest.mark.parametrize(
    ("tips", "moved"), [({"refs/tags/v1": COMMIT}, True), ({"refs/tags/v1": LATER}, False), ({}, False)]
)
@pytest.mark.parametrize("answer", [None, CommitOrder.UNKNOWN])
def test_a_run_started_by_hand_goes_back_on_purpose_while_its_ref_names_that_commit(
    tmp_path: Path, tips: dict[str, str], answer: CommitOrder | None, *, moved: bool
) -> None:
    """Also where GitHub cannot compare the two: nobody can keep `latest` where it is for ever."""
    place = Place(tmp_path)
    place.hold(LATER)
    receipt = place.release(latest=guard(history=HistoryDouble(tips, answer), ref="refs/tags/v1"))
    assert (place.registry.tags[LATEST] == receipt.digest) is moved


@pytest.mark.parametrize(("answer", "moved"), [(CommitOrder.UNKNOWN, False), (CommitOrder.HIDDEN, True)])
def test_where_the_order_is_not_known_the_user_is_told_what_was_done(
    tmp_path: Path, answer: CommitOrder, *, moved: bool
) -> None:
    place, latest = Place(tmp_path), guard(history=HistoryDouble(answer=answer))
    place.hold(EARLIER)
    receipt = place.release(latest=latest)
    assert (place.registry.tags[LATEST] == receipt.digest) is moved
    assert latest.kept() == ""
    assert ("Run the job again" in latest.warning, "contents: read" in latest.warning) == (not moved, moved)


def test_each_commit_is_asked_about_once_and_only_what_is_one() -> None:
    history = HistoryDouble()
    latest = guard(history=history)
    for revision in (LATER, LATER, COMMIT, "../../user", "f" * 39, ""):
        latest.stays(stored(revision))
        latest.is_behind(stored(revision))
    assert history.asked == [(COMMIT, LATER)]
    assert (latest.kept(), latest.warning) == ("`latest` stays at the later commit 2222222", "")


@pytest.mark.parametrize(("here", "asks"), [(IN_ACTIONS, True), (Runner(), False)])
def test_only_a_workflow_run_asks_github(tmp_path: Path, here: Runner, *, asks: bool) -> None:
    latest = ecr_push.latest_of(run(tmp_path, github_token="t", runner=here))
    assert (latest.history is not None, latest.ref) == (asks, "")


@pytest.mark.parametrize(("name", "ref"), [("workflow_dispatch", "refs/heads/main"), ("push", ""), ("schedule", "")])
def test_only_a_run_started_by_hand_may_go_back(tmp_path: Path, name: str, ref: str) -> None:
    event = with_fields(run(tmp_path).event, name=name)
    assert ecr_push.latest_of(run(tmp_path, runner=IN_ACTIONS, event=event)).ref == ref


MAIN = Tag("main")


def test_a_tag_that_the_policy_lets_move_goes_from_commit_to_commit_and_never_back(tmp_path: Path) -> None:
    place = Place(tmp_path, image_tag=MAIN)
    place.release(EARLIER)
    later = place.release(LATER)
    assert place.registry.tags[MAIN] == place.registry.tags[LATEST] == later.digest
    receipt = place.release(COMMIT)
    assert receipt.state is State.RELEASED
    assert {MAIN, LATEST}.isdisjoint(move.tag for move in receipt.tags)
    assert place.registry.tags[MAIN] == later.digest


def test_a_tag_that_the_policy_does_not_name_stays_with_its_commit(tmp_path: Path) -> None:
    place = Place(tmp_path, image_tag="my-build")
    place.release(EARLIER)
    with pytest.raises(TagTaken, match="The tag my-build of my-app already names") as caught:
        place.release()
    assert "`moving_tags`" in caught.value.fix


def test_a_moving_tag_is_not_taken_from_an_environment_further_along(tmp_path: Path) -> None:
    place = Place(tmp_path, image_tag=MAIN)
    held = place.hold(EARLIER, MAIN, Tag(f"prod-{EARLIER[:7]}"))
    with pytest.raises(TagTaken) as caught:
        place.release()
    assert caught.value.why == f"An environment further along released it: prod-{EARLIER[:7]}"
    assert place.registry.tags[MAIN] == held


def test_a_moving_tag_that_prod_takes_during_the_upload_stays_prods(tmp_path: Path) -> None:
    place = Place(tmp_path, image_tag=MAIN)
    place.release(EARLIER)
    taken: list[Digest] = []

    def prod_comes(call: str) -> None:
        if call.startswith("upload_blob") and not taken:
            taken.append(place.hold(ASIDE, MAIN, Tag(f"prod-{ASIDE[:7]}")))

    place.registry.before_call = prod_comes
    with pytest.raises(ReleaseLost):
        place.release()
    assert place.registry.tags[MAIN] == taken[0]


@pytest.mark.parametrize("step", range(12))
def test_a_release_that_fails_gives_a_moving_tag_back_to_the_commit_that_had_it(tmp_path: Path, step: int) -> None:
    place = Place(tmp_path, image_tag=MAIN)
    place.release(EARLIER)
    before = dict(place.registry.tags)
    place.registry.after_call = fault({step + len(place.registry.tags)}, trouble)
    try:
        place.release()
    except GoldenPathError:
        place.registry.after_call = lambda _: None
        assert {tag: place.registry.tags.get(tag) for tag in before} == before


def test_what_the_filters_of_an_immutable_repository_exclude_moves(tmp_path: Path) -> None:
    place = Place(tmp_path, immutable=True, excluded=("lat*", "main"), image_tag=MAIN)
    place.release(EARLIER)
    second = place.release()
    assert place.registry.tags[MAIN] == place.registry.tags[LATEST] == second.digest


def test_what_the_filters_of_a_mutable_repository_exclude_stays(tmp_path: Path) -> None:
    place = Place(tmp_path, excluded=("latest", "main"), image_tag=MAIN)
    first = place.release(EARLIER)
    assert LATEST not in place.registry.tags
    with pytest.raises(TagTaken, match="The tag main of my-app already names"):
        place.release()
    assert place.registry.tags[MAIN] == first.digest


def test_latest_that_the_repository_does_not_move_is_refused_with_what_the_repository_is(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        Place(tmp_path, immutable=True, excluded=("main",), image_tag=LATEST).release()
    told = "`latest` is asked for, and my-app does not move that tag: it is immutable, except main"
    assert caught.value.what == told
