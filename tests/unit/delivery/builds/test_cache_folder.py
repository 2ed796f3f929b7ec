"""The folder of a build cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.builds import cache_folder
from goldenpath.delivery.builds.build_secrets import GivenSecrets
from goldenpath.delivery.builds.cache_folder import CacheFolder
from goldenpath.delivery.model.layout import Layout
from tests.unit import layout_builder
from tests.unit.delivery.builds.test_build_cache import cut_short, linked_cache, plan

NOTHING = GivenSecrets()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def layer(cache: Path) -> Path:
    layout = Layout(cache / "layout")
    return layout.blob(layout.images()[0].manifest.layers[0].digest)


def test_what_was_linked_is_not_deleted(cache: Path) -> None:
    plan(cache, linked_cache(cache))
    assert (cache.parent / "elsewhere" / "cache.json").is_file()


def test_a_cache_that_is_too_large_is_not_saved(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, said = plan(cache, "")
    layout_builder.layout(cache / "layout")
    monkeypatch.setattr(cache_folder, "LARGEST", 10)
    assert made.written() == ""
    assert "and 0.0 GB are the most" in said[-1]


def test_a_folder_that_cannot_be_emptied_is_a_build_without_a_cache(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(CacheFolder, "clear", refuse)
    made, said = plan(cache, cut_short(cache))
    assert made.options == ()
    assert said[-1] == "the build cache cannot be written: [Errno 13] Permission denied"
