"""The names of base images."""

from __future__ import annotations

import pytest

from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.shared.names import Digest

D1, D2 = (Digest(f"sha256:{each * 64}") for each in "12")


@pytest.mark.parametrize(
    ("name", "is_allowed"),
    [
        ("docker.io/library/python:3", True),
        ("docker.io/library/python", True),
        ("public.ecr.aws/docker/library/python:3", True),
        ("docker.io/libraryx/python:3", False),
        ("docker.io/evil/python:3", False),
        ("public.ecr.aws.evil.example/python:3", False),
        ("public.ecr.aws:5000/python:3", False),
        ("oci-layout://docker.io/library/python:3", False),
    ],
)
def test_a_registry_is_allowed_whole_or_by_a_path_of_it(name: str, is_allowed: bool) -> None:
    assert BaseImage(name, D1).is_from(("docker.io/library", "public.ecr.aws")) is is_allowed
