"""The inventory of an image is taken once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps
from tests.unit import run_builder

from goldenpath.delivery.scanners import result_cache, syft
from goldenpath.delivery.scanners.trivy_scanner import TrivyScanner
from goldenpath.delivery.stages import sbom
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.shared.toolchain import Program
from tests.tools.kept_scans import Desk, image

pytestmark = pytest.mark.tools


BASE = {"etc/os-release": apps.OS_RELEASE.encode(), "var/lib/dpkg/status": apps.DPKG_STATUS.encode()}


APP = {apps.PLANTED_PACKAGE: apps.PLANTED_METADATA.encode()}


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


def test_an_inventory_of_the_same_image_is_taken_once(
    program: Program, desk: Desk, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.order.kept is not result_cache.NOTHING_KEPT
    run = replace(run_builder.run(tmp_path), program=lambda _: program)
    layout = image(tmp_path / "one", BASE, APP)
    (one,) = layout.images()
    first = sbom.scan(run, layout, one)
    with monkeypatch.context() as patched:
        patched.setattr(syft, "scan", lambda *_: pytest.fail("syft ran again"))
        assert sbom.scan(run, layout, one) == first
    (document,) = cache.glob("scans/*/cyclonedx-json")
    document.write_bytes(document.read_bytes().replace(b"PyYAML", b"PyJSON"))
    assert b"PyYAML" in sbom.scan(run, layout, one).cyclonedx
