"""The configuration of an image."""

from __future__ import annotations

import pytest
from msgspec import convert

from goldenpath.delivery.model.image_config import ImageConfig

LABEL = "org.opencontainers.image.created"


DATES = {
    "its own date": ({"created": "2026-10-01T02:00:00Z"}, "2026-10-01"),
    "its own date before its label, which may be its base's": (
        {"created": "2026-10-01T02:00:00Z", "config": {"Labels": {LABEL: "2026-09-01T00:00:00Z"}}}, "2026-10-01",
    ),
    "its label, where the build was made to be repeated": (
        {"created": "1970-01-01T00:00:00Z", "config": {"Labels": {LABEL: "2026-09-01T00:00:00+02:00"}}}, "2026-08-31",
    ),
    "its label, where it has no date": ({"config": {"Labels": {LABEL: "2026-09-01"}}}, "2026-09-01"),
    "none, where both are older than any image": (
        {"created": "0001-01-01T00:00:00Z", "config": {"Labels": {LABEL: "1980-01-01T00:00:00Z"}}}, "",
    ),
    "none, where no date is one": ({"created": "today", "config": {"Labels": {LABEL: "9999-99-99"}}}, ""),
    "none, where the date is outside of all calendars": ({"created": "0001-01-01T00:00:00+14:00"}, ""),
    "none, where nothing is said": ({"created": None, "config": None, "history": None}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", DATES)
def test_an_image_was_made_on(name: str) -> None:
    body, date = DATES[name]
    made = convert(body, ImageConfig).made
    assert (f"{made:%Y-%m-%d}" if made else "") == date
