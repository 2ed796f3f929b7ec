from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.release.access import EcrConnection
from goldenpath.delivery.running.released_image import named, releases
from goldenpath.shared.errors import BadInput, ImageArchived
from goldenpath.shared.names import Digest, Tag
from tests.unit.registry_double import RegistryDouble, info
from tests.unit.run_builder import run

D1 = Digest(f"sha256:{'1' * 64}")


def test_an_archived_release_is_reported_as_archived(tmp_path: Path) -> None:
    double: Any = RegistryDouble(archived={Tag("prod-a1b2c3d"): D1})
    connection = EcrConnection(double, info(), double)
    for look in (lambda: named(connection, Tag("prod-a1b2c3d")), lambda: releases(run(tmp_path, "prod"), connection)):
        with pytest.raises(ImageArchived, match=r"The tag prod-a1b2c3d names .* is in the archive of my-app"):
            look()


def test_a_tag_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    double: Any = RegistryDouble()
    with pytest.raises(BadInput, match="my-app has no tag prod-a1b2c3d"):
        named(EcrConnection(double, info(), double), Tag("prod-a1b2c3d"))


def test_releases_are_those_of_the_environment_and_may_be_none(tmp_path: Path) -> None:
    double: Any = RegistryDouble(tags={Tag("prod-a1b2c3d"): D1, Tag("dev-a1b2c3d"): D1})
    connection = EcrConnection(double, info(), double)
    assert releases(run(tmp_path, "prod"), connection) == ("prod-a1b2c3d",)
    assert releases(run(tmp_path, "staging"), connection) == ()
