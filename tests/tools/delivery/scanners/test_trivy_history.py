"""The history of an image as the real trivy has to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.tools.kept_scans import BASE, CMD, KEY, MORE, kinds

from goldenpath.delivery.model.finding import Kind

if TYPE_CHECKING:
    from pathlib import Path

from tests.tools.kept_scans import TerminalScans, image

pytestmark = pytest.mark.tools


def test_a_cmd_of_the_app_itself_hides_no_layer_of_the_app(scans: TerminalScans, tmp_path: Path) -> None:
    layout = image(tmp_path / "app", BASE, KEY, MORE, history=("COPY a", CMD, "COPY b", CMD, "COPY c", CMD))
    (one,) = layout.images()
    assert kinds(scans.scan(layout)) == set()
    found = scans.scan(layout, own=2)
    assert (kinds(found), found.config) == ({Kind.SECRET}, one.manifest.config.digest)
    assert scans.scan(layout, own=2) == found
    assert scans.unpacked == 0
    assert kinds(scans.scan(layout)) == set()
