"""Which images have a stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.local.images import base_images
from goldenpath.local.images.base_images import StandInImage
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from goldenpath.local.images.stand_in_recipes import Recipe


@pytest.mark.parametrize(
    ("name", "stands_for"),
    [
        ("python:3.14-slim", "docker.io/library/python"),
        ("docker.io/library/python@sha256:" + "a" * 64, "docker.io/library/python"),
        ("library/wordpress:latest", "docker.io/library/wordpress"),
        ("wordpress", "docker.io/library/wordpress"),
        ("registry.example:5000/python:3", None),
        ("someone/python:3", None),
        ("alpine:3", None),
    ],
)
def test_only_the_official_images_have_a_stand_in(
    monkeypatch: pytest.MonkeyPatch, name: str, stands_for: str | None
) -> None:
    image = StandInImage(Path("/layouts/x"), Digest("sha256:" + "0" * 64))
    made: list[str] = []

    def make(recipe: Recipe, _say: object) -> StandInImage:
        made.append(recipe.stands_for)
        return image

    monkeypatch.setattr(base_images, "make", make)
    contexts = base_images.stand_ins([name], pytest.fail)
    assert made == [stands_for] * (stands_for is not None)
    assert contexts == ({name: f"oci-layout:///layouts/x:base@{image.digest}"} if stands_for else {})
