"""What an image says about itself, as far as it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from goldenpath.delivery.stages.build import labels_of
from goldenpath.shared.names import Version
from goldenpath.shared.oci import REVISION
from tests.unit import run_builder
from tests.unit.builders import COMMIT

if TYPE_CHECKING:
    from pathlib import Path

_CREATED = "org.opencontainers.image.created"
_SOURCE = "org.opencontainers.image.source"
_VERSION = "org.opencontainers.image.version"


def test_what_is_known_is_a_label(tmp_path: Path) -> None:
    run = run_builder.run(tmp_path, version=Version("1.2.3"))
    assert labels_of(run, 0) == {
        REVISION: COMMIT,
        _SOURCE: "https://github.com/o/app",
        _CREATED: "1970-01-01T00:00:00+00:00",
        _VERSION: "1.2.3",
    }


def test_no_label_is_empty_so_that_a_dockerfile_keeps_its_own(tmp_path: Path) -> None:
    run = run_builder.run(tmp_path)
    run = run_builder.run(tmp_path, event=replace(run.event, source_url=""))
    assert set(labels_of(run, 0)) == {REVISION, _CREATED}
