"""Images of several platforms joined to one."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from goldenpath.delivery.builds import joining
from goldenpath.delivery.builds.buildx import BuildOrder
from goldenpath.delivery.builds.context_artifact import Addition
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared import codec
from goldenpath.shared.names import Digest
from tests.unit import layout_builder, run_builder
from tests.unit.builders import DIGEST


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_an_image_whose_one_platform_was_built_with_a_cache_was_built_with_one(tmp_path: Path) -> None:
    run = run_builder.run(tmp_path)
    order = BuildOrder(tmp_path, tmp_path / "Dockerfile", 0)
    for name, platform, cache in (
        ("amd64", layout_builder.AMD64, None),
        ("arm64", layout_builder.ARM64, Digest(DIGEST)),
    ):
        work = WorkFolder(tmp_path / "platforms" / name)
        built = run_builder.candidate(layout_builder.layout(work.layout, platform))
        codec.write(work.candidate, changed(built, cache=cache))
    run.work.layout.mkdir(parents=True)
    assert joining.join(run, tmp_path / "platforms", order, "", Addition()).cache == DIGEST
