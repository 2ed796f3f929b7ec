"""The history of an image as the real trivy has to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.tools import apps

from goldenpath.delivery.model.finding import Kind
from goldenpath.delivery.scanners import result_cache
from goldenpath.delivery.scanners.trivy_scanner import TrivyScanner
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.scanners.scanner import ImageScan
    from goldenpath.shared.toolchain import Program
from tests.tools.kept_scans import Desk, image

pytestmark = pytest.mark.tools


BASE = {"etc/os-release": apps.OS_RELEASE.encode(), "var/lib/dpkg/status": apps.DPKG_STATUS.encode()}


KEY = {"app/key": f"TOKEN={apps.secret()}\n".encode()}


MORE = {"app/more": b"nothing"}


CMD = 'CMD ["app"]'


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


def kinds(found: ImageScan) -> set[Kind]:
    return {each.kind for each in found.findings}


def test_a_cmd_of_the_app_itself_hides_no_layer_of_the_app(desk: Desk, tmp_path: Path) -> None:
    layout = image(tmp_path / "app", BASE, KEY, MORE, history=("COPY a", CMD, "COPY b", CMD, "COPY c", CMD))
    (one,) = layout.images()
    assert kinds(desk.scan(layout)) == set()
    found = desk.scan(layout, own=2)
    assert (kinds(found), found.config) == ({Kind.SECRET}, one.manifest.config.digest)
    assert desk.scan(layout, own=2) == found
    assert desk.unpacked == 0
    assert kinds(desk.scan(layout)) == set()
