"""The registry program that does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.local.server import Local
from goldenpath.shared.errors import LocalTrouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with Local.start(tmp_path_factory.mktemp("local")) as local:
        yield local


def test_a_registry_that_does_not_start_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "registry"
    broken.write_text("#!/bin/sh\necho no space left >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(LocalTrouble) as trouble:
        Local.start(tmp_path / "local", account="111122225555", program=broken)
    assert (trouble.value.what, trouble.value.why) == ("The local registry does not respond", "no space left")
    with pytest.raises(LocalTrouble, match="The local registry cannot be started"):
        Local.start(tmp_path / "local", account="111122225555", program=tmp_path / "missing")
