"""A table of apps whose repositories or builds are special: each is released alike on both ways.

But for the release tag of one image, which test_delivery.py has under the runner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e import app_layouts
from tests.e2e.app_releases import released_alike, released_by_hand

if TYPE_CHECKING:
    from tests.e2e.app_deliveries import Deliveries
    from tests.e2e.app_repositories import Place

pytestmark = pytest.mark.e2e


ON_ONE_WAY = ("detached",)


@pytest.mark.parametrize("name", [name for name in app_layouts.ROWS if name not in ON_ONE_WAY])
def test_an_app_is_released_alike_on_both_ways(name: str, deliveries: Deliveries, place: Place) -> None:
    released_alike(name, app_layouts.ROWS[name], deliveries, place)


@pytest.mark.parametrize("name", ON_ONE_WAY)
def test_an_app_is_released_on_the_command_line(name: str, deliveries: Deliveries, place: Place) -> None:
    released_by_hand(name, app_layouts.ROWS[name], deliveries, place)
