"""A comparison with the last release never ends a delivery, and never touches the files of its gates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.model.event import Event
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.last_release import LastRelease
from goldenpath.delivery.registry import oci_pull
from goldenpath.delivery.release import access
from goldenpath.delivery.release.access import Access, EcrConnection
from goldenpath.delivery.scanners import image_inspection
from goldenpath.delivery.stage import Outcome, Run
from goldenpath.delivery.stages import compare_release
from goldenpath.shared.errors import (
    AccessDenied,
    Cancelled,
    DiskTrouble,
    GoldenPathError,
    ImageArchived,
    LoginRefused,
    RegistryRefused,
    RepositoryMissing,
    ScannerFailed,
)
from goldenpath.shared.names import Commit, Digest, EnvironmentName, Tag
from tests.unit.builders import COMMIT, report, vulnerability
from tests.unit.layout_builder import AMD64, layout
from tests.unit.registry_double import RegistryDouble, info
from tests.unit.run_builder import run

if TYPE_CHECKING:
    from goldenpath.delivery.model.layout import Layout

PUSHED = datetime(2026, 11, 25, tzinfo=UTC)
NOTHING = {"released_tag": "", "released_digest": ""}


@dataclass
class Place:
    """A run to prod, the repository, and what opening it, fetching from it and scanning raise; `None` is success."""

    run: Run
    registry: RegistryDouble
    opening: BaseException | None = None
    fetching: BaseException | None = None
    scanning: BaseException | None = None
    opened: list[Access] = field(default_factory=list)
    layouts: list[Path] = field(default_factory=list)

    def compare(self) -> Outcome:
        return compare_release.run(self.run)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place in which prod's last release has one finding."""
    made = Place(run(tmp_path, "prod"), RegistryDouble(pushed_at=PUSHED))
    made.registry.hold(b"{}", "application/vnd.oci.image.manifest.v1+json", Tag("prod-a1b2c3d"), Tag("1.4.2"))

    @contextmanager
    def opened(wanted: Access, _: object) -> Iterator[EcrConnection]:
        made.opened.append(wanted)
        _raised(made.opening)
        double: Any = made.registry
        yield EcrConnection(double, info(), double)

    def pull(_registry: object, _stored: object, folder: Path) -> Layout:
        pulled = layout(folder, AMD64)
        made.layouts.append(folder)
        _raised(made.fetching)
        return pulled

    def inspect(_: Run, scanned: Layout) -> object:
        assert scanned.root()
        _raised(made.scanning)
        return report(vulnerability())

    monkeypatch.setattr(access, "open_repository", opened)
    monkeypatch.setattr(oci_pull, "pull", pull)
    monkeypatch.setattr(image_inspection, "inspect", inspect)
    return made


def _raised(error: BaseException | None) -> None:
    if error:
        raise error


def left(place: Place) -> list[str]:
    """Return the files below the work folder."""
    work = place.run.work.path
    return sorted(path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file())


def test_the_last_release_is_scanned_into_a_folder_of_its_own_and_its_layers_are_removed(place: Place) -> None:
    digest = place.registry.tags[Tag("1.4.2")]
    assert place.compare() == Outcome(
        f"prod's last release 1.4.2 ({digest[:19]}) has 1 finding today",
        {"released_tag": "prod-a1b2c3d", "released_digest": digest},
    )
    assert left(place) == ["released/release.json", "released/trivy.json", "released/trivy.verdict.json"]
    assert place.run.work.released.read_release() == LastRelease(EnvironmentName("prod"), digest, Tag("1.4.2"), PUSHED)
    assert [folder.exists() for folder in place.layouts] == [False]


def test_findings_that_block_a_candidate_stop_nothing_here(place: Place) -> None:
    outcome = place.compare()
    assert (outcome.stop, outcome.warnings, outcome.at_places) == (None, (), ())
    assert place.run.work.released.read_verdict(Gate.TRIVY).result == "block"


def test_the_session_may_only_read(place: Place) -> None:
    place.compare()
    assert [wanted.read_only for wanted in place.opened] == [True]


def test_the_files_of_the_gate_are_not_touched(place: Place) -> None:
    work = place.run.work
    kept = [work.findings(Gate.TRIVY), work.verdict(Gate.TRIVY), work.sarif(Gate.TRIVY), work.layout / "index.json"]
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("the gate's")
    place.compare()
    assert [path.read_text() for path in kept] == ["the gate's"] * 4


def test_the_first_delivery_to_an_environment_has_nothing_to_compare_with(place: Place) -> None:
    place.registry.tags = {Tag("dev-a1b2c3d"): Digest(f"sha256:{'1' * 64}")}
    sentence = "not compared with a release: my-app has no image that was released to prod"
    assert place.compare() == Outcome(sentence, NOTHING)
    assert left(place) == []


def test_a_release_in_the_archive_is_no_warning(place: Place) -> None:
    place.registry.tags, place.registry.archived = {}, {Tag("prod-a1b2c3d"): Digest(f"sha256:{'1' * 64}")}
    outcome = place.compare()
    assert outcome.sentence.startswith("not compared with a release: The tag prod-a1b2c3d names ")
    assert (outcome.warnings, outcome.outputs, left(place)) == ((), NOTHING, [])


@pytest.mark.parametrize(
    ("moment", "error"),
    [
        ("opening", LoginRefused("There are no AWS credentials, and no role was named", fix="f")),
        ("opening", AccessDenied("Not allowed to describe the ECR repository my-app", fix="f")),
        ("opening", RepositoryMissing("The ECR repository my-app does not exist", fix="f")),
        ("fetching", RegistryRefused("The registry holds less than the image names", why="w", fix="f")),
        ("fetching", DiskTrouble("The disk is full", fix="f")),
        ("scanning", ScannerFailed("trivy ended with 1", why="w", fix="f")),
    ],
    ids=lambda value: getattr(value, "code", value),
)
def test_whatever_is_in_the_way_is_a_warning_and_leaves_nothing_behind(
    place: Place, moment: str, error: GoldenPathError
) -> None:
    setattr(place, moment, error)
    assert place.compare() == Outcome(
        f"not compared with a release: {error.what}", NOTHING,
        (f"The last release could not be compared, which changes nothing else. {error}",),
    )  # fmt: skip
    assert left(place) == []


def test_not_even_a_bug_ends_the_delivery(place: Place) -> None:
    place.scanning = ValueError("a bug")
    outcome = place.compare()
    assert outcome.sentence == "not compared with a release: an unexpected error"
    assert outcome.warnings == (
        "The last release could not be compared, which changes nothing else. ValueError: a bug",
    )
    assert left(place) == []


def test_a_release_that_is_archived_in_between_is_no_warning(place: Place) -> None:
    place.fetching = ImageArchived("It is in the archive", fix="f")
    assert place.compare().warnings == ()


def test_a_run_that_is_cancelled_ends(place: Place) -> None:
    place.scanning = Cancelled("The run was stopped by SIGTERM", fix="f")
    with pytest.raises(Cancelled):
        place.compare()
    assert not place.layouts[0].exists()


@pytest.mark.parametrize(("name", "fork"), [("pull_request", False), ("merge_group", False), ("workflow_run", True)])
def test_nobody_logs_in_where_nothing_can_be_released(place: Place, name: str, *, fork: bool) -> None:
    place.run = replace(place.run, event=Event(name, Commit(COMMIT), "refs/heads/main", "o/app", fork=fork))
    sentence = "a pull request is checked, never released, and has no login to the registry"
    assert place.compare() == Outcome(f"not compared with a release: {sentence}", NOTHING)
    assert place.opened == []


def test_what_an_earlier_run_found_does_not_count(place: Place) -> None:
    place.compare()
    place.opening = LoginRefused("There are no AWS credentials", fix="f")
    place.compare()
    assert left(place) == []
