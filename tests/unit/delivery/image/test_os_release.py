"""An image's OS release is the one that its own packages are of."""

from __future__ import annotations

import json

import pytest

from goldenpath.delivery.image import os_release
from goldenpath.delivery.scanners import image_inspection, trivy
from tests.unit.builders import DIGEST

#        OS                      package that names it, its version             agrees
SYSTEMS: dict[str, tuple[str, str, str, str, bool]] = {
    "Debian": ("debian", "12.5", "base-files", "12.4+deb12u5", True),
    "Debian without a point release": ("debian", "13", "base-files", "13.8", True),
    "Debian that has no number": ("debian", "trixie/sid", "base-files", "13.8", True),
    "a newer Debian that calls itself an older one": ("debian", "12.5", "base-files", "13.8+deb13u1", False),
    "Ubuntu that calls itself Debian": ("debian", "13.1", "base-files", "13ubuntu10.2", False),
    "Ubuntu": ("ubuntu", "24.04", "base-files", "13ubuntu10.2", True),
    "Debian that calls itself Ubuntu": ("ubuntu", "24.04", "base-files", "13.8", False),
    "Alpine": ("alpine", "3.22.1", "alpine-release", "3.22.0-r0", True),
    "Alpine edge": ("alpine", "3.24.0_alpha20260901", "alpine-release", "3.24.0_alpha20260901-r0", True),
    "an Alpine that calls itself another one": ("alpine", "3.20.1", "alpine-release", "3.22.0-r0", False),
    "an image without that package": ("debian", "12.5", "bash", "5.2", True),
    "an OS that nobody can check": ("rocky", "10.0", "base-files", "9", True),
    "no OS": ("", "", "base-files", "12.4", True),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_package_that_names_the_release_tells_which_it_is(name: str) -> None:
    family, release, package, version, agrees = SYSTEMS[name]
    assert (os_release.contradiction(family, release, {package: version}) == "") is agrees


def test_an_image_that_calls_itself_another_release_is_a_finding_that_decides() -> None:
    packages = [{"Name": "base-files", "Version": "13.8"}]
    result = {"Target": "t", "Class": "os-pkgs", "Type": "debian", "Packages": packages}
    metadata = {"ImageID": DIGEST, "OS": {"Family": "debian", "Name": "12.5"}}
    scanned = trivy.parse(json.dumps({"SchemaVersion": 2, "Metadata": metadata, "Results": [result]}).encode())
    (found,) = image_inspection.merged({"linux/amd64": scanned})
    assert (found.id, found.kind) == ("os-mismatch", "blind-spot")
    assert found.title == (
        "Whose fixes count is unknown: the image calls itself debian 12.5, and its package base-files "
        "is of version 13.8"
    )
