"""The record of a build cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.builds.build_secrets import GivenSecrets
from goldenpath.delivery.model.build_cache import BuildCache
from goldenpath.shared import codec
from goldenpath.shared.names import Digest
from tests.unit.cache_builder import PREFIX, saved
from tests.unit.delivery.builds.test_build_cache import require_cold

NOTHING = GivenSecrets()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_a_time_without_a_zone_is_no_time(cache: Path) -> None:
    saved(cache)
    content = (cache / "cache.json").read_bytes()
    there = codec.decode(content, BuildCache).created.isoformat()
    naive = content.replace(there.replace("+00:00", "Z").encode(), there.removesuffix("+00:00").encode())
    assert naive != content
    (cache / "cache.json").write_bytes(naive)
    require_cold(cache, PREFIX + Digest.of(naive).hex, "the build cache is damaged: ")
