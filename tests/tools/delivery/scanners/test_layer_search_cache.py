"""What was searched for in a layer is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.tools.kept_scans import BASE

from goldenpath.delivery.image.unpacked_layers import UnpackedLayers
from goldenpath.delivery.scanners import layer_search_cache

if TYPE_CHECKING:
    from pathlib import Path

from tests.tools.kept_scans import TerminalScans, image

pytestmark = pytest.mark.tools


def test_our_own_search_reads_a_layer_once(scans: TerminalScans, tmp_path: Path) -> None:
    layout = image(tmp_path / "one", BASE, {"srv/app.jar": b"x"}, {"app/.git/HEAD": b"ref: x"})
    (one,) = layout.images()
    counts = []
    for _ in range(2):
        layers = UnpackedLayers()
        found = layer_search_cache.search(layout, one, layers, scans.order.kept)
        assert (found.java_archive, [each.path for each in found.git_folders]) == ("srv/app.jar", ["app/.git"])
        counts.append(len(layers._layers))  # noqa: SLF001  nothing else counts them
        layers.close()
    assert counts == [3, 1], "the settings of a git folder may hold a token, and are not kept"
