"""The half of the table of apps whose repositories or builds are special; see test_apps.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e import app_layouts
from tests.e2e.test_apps import released_alike

if TYPE_CHECKING:
    from tests.e2e.app_deliveries import Deliveries
    from tests.e2e.app_repositories import Place

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("name", app_layouts.ROWS)
def test_an_app_is_released_alike_on_both_ways(name: str, deliveries: Deliveries, place: Place) -> None:
    released_alike(name, app_layouts.ROWS[name], deliveries, place)
