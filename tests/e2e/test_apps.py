"""A table of small apps: each goes through all stages on the command line and under the runner, with one result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.model.work import WorkFolder
from tests.e2e import app_languages
from tests.e2e.app_repositories import Place
from tests.e2e.test_delivery import ALL_RAN
from tests.tools import base_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.app_deliveries import Deliveries

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry that has the base image of every app."""
    image = base_registry.shell_image(tmp_path_factory.mktemp("base"))
    with base_registry.serving(base_registry.Registry(image, lookups=base_registry.ANY)) as served:
        yield served.host


@pytest.mark.parametrize("name", app_languages.ROWS)
def test_an_app_is_released_alike_on_both_ways(name: str, deliveries: Deliveries, bases: str, tmp_path: Path) -> None:
    row, place = app_languages.ROWS[name], Place(tmp_path, bases)
    app = row.make(name, place)
    way = row.arrange(app, place)
    by_hand = deliveries.by_hand(row, app, way, WorkFolder(tmp_path / "work"))
    (digest,) = set(by_hand.digests.values())
    assert by_hand.tags == dict.fromkeys(row.tags_of(app), digest)
    assert by_hand.packages >= set(row.holds)
    assert not row.finding or row.finding in by_hand.findings
    ended, by_the_workflow = deliveries.by_the_workflow(row, app, way, tmp_path / "run")
    assert ended.jobs == ALL_RAN
    assert by_the_workflow == by_hand
