"""The inventory of an image is taken once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.tools.kept_scans import APP, BASE
from tests.unit import run_builder

from goldenpath.delivery.scanners import result_cache, syft
from goldenpath.delivery.stages import sbom

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.shared.toolchain import Program
from tests.tools.kept_scans import TerminalScans, image

pytestmark = pytest.mark.tools


def test_an_inventory_of_the_same_image_is_taken_once(
    program: Program, scans: TerminalScans, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scans.order.kept is not result_cache.NOTHING_KEPT
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
