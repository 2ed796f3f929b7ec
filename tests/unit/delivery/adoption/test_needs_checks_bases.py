"""What `goldenpath doctor` says of the logins for private base images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.shared.check_result import Level
from tests.unit.delivery.adoption.healthy_app import (
    SECRETS,
    Forge,
    edit,
    examined,
    healthy_world,
)

if TYPE_CHECKING:
    from goldenpath.delivery.adoption.checkout import GitCheckout

HOST = "123456789012.dkr.ecr.eu-west-2.amazonaws.com"


@pytest.mark.parametrize(
    ("images", "handed_on", "known", "found"),
    [
        (f"{HOST}/base:1", "inherit", {"TF_AWS_IAM_ROLE_BASES"}, [(Level.GOOD, "the secret TF_AWS_IAM_ROLE_BASES ")]),
        (f"{HOST}/base:1", "inherit", set(), [(Level.ERROR, "the secret TF_AWS_IAM_ROLE_BASES does not exist")]),
        (f"ghcr.io/a/b {HOST}/core:1", "inherit", {"BASES_LOGINS"},
         [(Level.GOOD, "the secret BASES_LOGINS exists"), (Level.ERROR, "the secret TF_AWS_IAM_ROLE_BASES ")]),
        ("python:3", "inherit", None, [(Level.LEFT_OUT, "they need the secret BASES_LOGINS")]),
        ("python:3", "{AWS_ROLE_ARN: x}", set(), [(Level.WARNING, "does not pass BASES_LOGINS")]),
        ("python:3", "{AWS_ROLE_ARN: x, BASES_LOGINS: y}", set(), [(Level.GOOD, "passes BASES_LOGINS")]),
        ("Python:3", "inherit", set(), [(Level.ERROR, "'Python:3' is not the name of an image")]),
        ("${{ vars.BASES }}", "inherit", set(), []),
    ],
)  # fmt: skip
def test_the_logins_of_private_base_images_are_looked_for(
    healthy: GitCheckout, images: str, handed_on: str, known: set[str] | None, found: list[tuple[Level, str]]
) -> None:
    lines = "".join(f"\n        {each}" for each in (images.split() if "$" not in images else [images]))
    edit(healthy, "    with:\n", f"    with:\n      private_bases: |{lines}\n")
    edit(healthy, "secrets: inherit", f"secrets: {handed_on}")
    forge = Forge(secrets=None if known is None else SECRETS | known)
    remarks = [each for each in examined(healthy, healthy_world(forge)) if each.about == "private base images"]
    assert [each.level for each in remarks] == [level for level, _ in found]
    assert all(text in each.what for each, (_, text) in zip(remarks, found, strict=True)), remarks
