"""Real trivy and syft report the same on layers that were decompressed for them as on those that they decompress."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.tools import apps, small_images

from goldenpath.delivery.image import unpacked_layers
from goldenpath.delivery.model.finding import Kind
from goldenpath.delivery.model.layout import narrowed
from goldenpath.delivery.scanners import syft, trivy
from goldenpath.delivery.scanners.trivy_scanner import TrivyScanner
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.model.layout import Layout

pytestmark = pytest.mark.tools

# What differs between two documents about the same image.
_OF_THE_MOMENT = re.compile(rb'"(created|timestamp|documentNamespace|serialNumber)": ?"[^"]*"')


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An image of two layers, with a vulnerable package and a secret."""
    base = {"etc/os-release": apps.OS_RELEASE.encode(), "var/lib/dpkg/status": apps.DPKG_STATUS.encode()}
    app = {apps.PLANTED_PACKAGE: apps.PLANTED_METADATA.encode(), "app/key": f"TOKEN={apps.secret()}\n".encode()}
    return small_images.make(tmp_path / "image", base, app)


def test_trivy_finds_the_same_in_layers_that_we_decompressed(layout: Layout, trivy_cache: Path) -> None:
    (one,) = layout.images()
    program = Toolchain.load().provide("trivy")
    before = trivy.parse(*trivy.scan(program, layout.path, trivy_cache))
    with unpacked_layers.shared_or_own(None) as layers:
        order = TrivyScanner(program, trivy_cache, secrets=True, layers=layers)
        assert order.scan(layout, one) == before
        assert len(layers.of(layout, one)) == 2
    assert {each.kind for each in before.findings} == {Kind.VULNERABILITY, Kind.SECRET}


def test_syft_counts_the_same_in_layers_that_we_decompressed(layout: Layout, tmp_path: Path) -> None:
    (one,) = layout.images()
    program = Toolchain.load().provide("syft")
    before = syft.scan(program, layout.path, "app")
    with unpacked_layers.shared_or_own(None) as layers:
        (tmp_path / "alone").mkdir()
        alone = narrowed(layout, one, tmp_path / "alone", layers.of(layout, one))
        after = syft.scan(program, alone.path, "app")
    assert (after.digest, after.packages) == (one.descriptor.digest, 2)
    for old, new in ((before.spdx, after.spdx), (before.cyclonedx, after.cyclonedx)):
        assert _OF_THE_MOMENT.sub(b"", old) == _OF_THE_MOMENT.sub(b"", new)
