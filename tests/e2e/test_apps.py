"""A table of small apps by language: each goes through all stages on the command line.

What an app is written in makes no difference to the runner, so two of them are delivered there: one whose image holds
binary files that were committed, and one with a finding that does not stop prod. test_app_layouts.py has what does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e import app_languages
from tests.e2e.app_releases import released_alike, released_by_hand

if TYPE_CHECKING:
    from tests.e2e.app_deliveries import Deliveries
    from tests.e2e.app_repositories import Place

pytestmark = pytest.mark.e2e

ON_BOTH_WAYS = ("java-shop", "ruby-site")


@pytest.mark.parametrize("name", [name for name in app_languages.ROWS if name not in ON_BOTH_WAYS])
def test_an_app_is_released_on_the_command_line(name: str, deliveries: Deliveries, place: Place) -> None:
    released_by_hand(name, app_languages.ROWS[name], deliveries, place)


@pytest.mark.parametrize("name", ON_BOTH_WAYS)
def test_an_app_is_released_alike_on_both_ways(name: str, deliveries: Deliveries, place: Place) -> None:
    released_alike(name, app_languages.ROWS[name], deliveries, place)
