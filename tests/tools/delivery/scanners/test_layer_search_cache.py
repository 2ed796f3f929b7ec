"""What was searched for in a layer is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.delivery.image.unpacked_layers import UnpackedLayers
from goldenpath.delivery.scanners import layer_search_cache, result_cache
from goldenpath.delivery.scanners.trivy_scanner import TrivyScanner
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.shared.toolchain import Program
from tests.tools.kept_scans import Desk, image

pytestmark = pytest.mark.tools


BASE = {"etc/os-release": apps.OS_RELEASE.encode(), "var/lib/dpkg/status": apps.DPKG_STATUS.encode()}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of a user who has scanned nothing; the programs are those of this machine."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def program() -> Program:
    return Toolchain.load().provide("syft")


@pytest.fixture
def desk(program: Program, cache: Path, trivy_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    trivy = Toolchain.load().provide("trivy")
    monkeypatch.setenv("GOLDENPATH_CACHE", str(cache))
    assert program.sha256
    return Desk(TrivyScanner(trivy, trivy_cache, secrets=True, kept=result_cache.of(trivy)))


def test_our_own_search_reads_a_layer_once(desk: Desk, tmp_path: Path) -> None:
    layout = image(tmp_path / "one", BASE, {"srv/app.jar": b"x"}, {"app/.git/HEAD": b"ref: x"})
    (one,) = layout.images()
    counts = []
    for _ in range(2):
        layers = UnpackedLayers()
        found = layer_search_cache.search(layout, one, layers, desk.order.kept)
        assert (found.java_archive, [each.path for each in found.git_folders]) == ("srv/app.jar", ["app/.git"])
        counts.append(len(layers._layers))  # noqa: SLF001  nothing else counts them
        layers.close()
    assert counts == [3, 1], "the settings of a git folder may hold a token, and are not kept"
