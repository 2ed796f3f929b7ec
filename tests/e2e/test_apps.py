"""A table of small apps: each goes through all stages on the command line and under the runner, with one result.

The other half of the table is in test_app_layouts.py, so that two workers share it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.model.work_folder import WorkFolder
from tests.e2e import app_languages
from tests.e2e.test_delivery import ALL_RAN

if TYPE_CHECKING:
    from tests.e2e.app_deliveries import Deliveries
    from tests.e2e.app_repositories import Place, Row

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("name", app_languages.ROWS)
def test_an_app_is_released_alike_on_both_ways(name: str, deliveries: Deliveries, place: Place) -> None:
    released_alike(name, app_languages.ROWS[name], deliveries, place)


def released_alike(name: str, row: Row, deliveries: Deliveries, place: Place) -> None:
    """Make the repository, deliver it on both ways, and hold the results against the row and against each other."""
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
    ended, under_the_runner = deliveries.by_the_workflow(row, app, way, place)
    assert ended.jobs == {**ALL_RAN, **({row.job: "success"} if row.job else {})}
    assert under_the_runner == by_hand
    for other in row.unreleased:
        assert f"and this is the delivery of {other}" in ended.text
        assert deliveries.emulator.tags(other) == {}
