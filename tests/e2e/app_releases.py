"""An app of a table is released on the command line, or on both ways; what comes of it is held against its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from goldenpath.delivery.model.work_folder import WorkFolder
from tests.e2e.outcomes import ALL_RAN

if TYPE_CHECKING:
    from tests.e2e.app_deliveries import Deliveries, Released
    from tests.e2e.app_repositories import Place, Row, Way
    from tests.tools.apps import App


class ByHand(NamedTuple):
    """An app of a table that the command line released."""

    app: App
    way: Way
    released: Released


def released_by_hand(name: str, row: Row, deliveries: Deliveries, place: Place) -> ByHand:
    """Make the repository, deliver it on the command line, and hold the result against the row."""
    app = row.make(name, place)
    way = row.arrange(app, place)
    by_hand = deliveries.by_hand(row, app, way, WorkFolder(place.folder / "work"))
    (digest,) = set(by_hand.digests.values())
    assert by_hand.tags == dict.fromkeys(row.tags_of(app), digest)
    assert by_hand.labels["org.opencontainers.image.revision"] == app.commit
    assert by_hand.labels["org.opencontainers.image.source"] == f"https://github.com/{app.slug}"
    assert by_hand.packages >= set(row.holds)
    assert by_hand.findings >= ({row.finding} if row.finding else set())
    assert by_hand.files >= set(row.has)
    assert not by_hand.files & set(row.lacks)
    return ByHand(app, way, by_hand)


def released_alike(name: str, row: Row, deliveries: Deliveries, place: Place) -> None:
    """Deliver the app on both ways, and hold the results against the row and against each other."""
    app, way, by_hand = released_by_hand(name, row, deliveries, place)
    ended, under_the_runner = deliveries.by_the_workflow(row, app, way, place)
    assert ended.jobs == {**ALL_RAN, **({row.job: "success"} if row.job else {})}
    assert under_the_runner == by_hand
    for other in row.unreleased:
        assert f"and this is the delivery of {other}" in ended.text
        assert deliveries.emulator.tags(other) == {}
