"""A green page about the newest release says which earlier ones it is not about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import convert
from msgspec.structs import replace

from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.model.finding import FindingOrigin
from goldenpath.delivery.model.image_config import ImageConfig
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.registry import public_registry
from goldenpath.delivery.release.access import EcrConnection
from goldenpath.delivery.stages.rescan import (
    archived_releases,
    current_bases,
    newest_first,
    not_pullable,
    not_scanned,
    noted,
)
from goldenpath.shared.errors import BadInput
from goldenpath.shared.names import Digest, Tag
from tests.unit import layout_builder
from tests.unit.builders import report, vulnerability
from tests.unit.registry_double import RegistryDouble, info
from tests.unit.run_builder import run


def test_what_was_not_scanned_is_named() -> None:
    assert not_scanned([]) == ""
    assert not_scanned([Tag("prod-aaaaaaa")]) == (
        "\nOnly the newest release was scanned. If an earlier one runs, name it with `released_tag`: `prod-aaaaaaa`.\n"
    )


def test_of_many_earlier_releases_five_are_named_and_the_rest_are_counted() -> None:
    assert not_scanned([Tag(f"prod-{number:07}") for number in range(8)]).endswith("`prod-0000004` and 3 more.\n")


NAME, DIGEST = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"
D1, D2 = (Digest(f"sha256:{each * 64}") for each in "12")


@pytest.mark.parametrize(
    ("labels", "bases"),
    [
        ({NAME: "docker.io/library/python:3", DIGEST: D1}, (BaseImage("docker.io/library/python:3", D1, newest=D2),)),
        ({NAME: "docker.io/library/python:3"}, ()),
        ({NAME: "docker.io/library/python:3", DIGEST: "latest"}, ()),
        ({NAME: "[click](javascript:x)", DIGEST: D1}, ()),
        ({}, ()),
    ],
)
def test_a_released_image_says_what_it_began_from_and_its_registry_what_that_tag_names_today(
    labels: dict[str, str], bases: tuple[BaseImage, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = convert({"config": {"Labels": labels}}, ImageConfig)
    monkeypatch.setattr(Layout, "config", lambda *_: config)
    monkeypatch.setattr(public_registry, "newest", lambda _: D2)
    assert current_bases(layout_builder.layout(tmp_path / "l", layout_builder.AMD64, layout_builder.ARM64)) == bases


def test_lines_of_a_dockerfile_are_those_of_the_released_commit() -> None:
    own = replace(vulnerability(), origin=FindingOrigin(line=7, instruction="RUN"))
    (note,) = noted(report(own), (), "a1b2c3d4e5").notes
    assert note == "lines of the Dockerfile are those of the commit a1b2c3d"
    assert noted(report(vulnerability()), (), "a1b2c3d4e5").notes == ()


def test_releases_that_are_archived_are_named_beside_the_one_that_was_scanned(tmp_path: Path) -> None:
    double: Any = RegistryDouble(archived={Tag("prod-b"): D1, Tag("prod-a"): D1, Tag("dev-a"): D1, Tag("1.0"): D1})
    archived = archived_releases(run(tmp_path, "prod"), EcrConnection(double, info(), double))
    assert not_pullable(archived) == (
        "\nECR has archived these releases, which cannot be scanned until they are restored: `prod-a`, `prod-b`.\n"
    )
    assert not_pullable(()) == ""
    assert not_pullable([Tag(f"prod-{number}") for number in range(7)]).endswith("`prod-4` and 2 more.\n")


def test_an_environment_without_a_release_says_what_to_do(tmp_path: Path) -> None:
    double: Any = RegistryDouble(tags={Tag("dev-a1b2c3d"): D1})
    with pytest.raises(BadInput, match="my-app has no image that was released to prod") as caught:
        newest_first(run(tmp_path, "prod"), EcrConnection(double, info(), double))
    assert caught.value.why == "None of its tags begins with `prod-`"
