from __future__ import annotations

import pytest

from goldenpath.delivery.model import registry_login
from goldenpath.delivery.model.registry_login import RegistryLogin

PASSWORD = "s3cret-of-somebody"


def test_logins_are_given_one_a_line() -> None:
    raw = f"\nghcr.io me {PASSWORD}\r\nhttps://index.docker.io/v1/  you  with a space \nregistry.example:5000 x y\n"
    assert registry_login.parse_all(raw) == (
        RegistryLogin("ghcr.io", "me", PASSWORD),
        RegistryLogin("docker.io", "you", "with a space"),
        RegistryLogin("registry.example:5000", "x", "y"),
    )


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (f"ghcr.io {PASSWORD}", "line 1 is not `registry user password`"),
        (f"\n\nme:{PASSWORD}@ghcr.io", "line 3 is not `registry user password`"),
        ('{"auths": {"ghcr.io": {"auth": "x"}}}', "line 1 does not begin with the name of a registry"),
        (f"GHCR me {PASSWORD}", "line 1 does not begin with the name of a registry"),
        (f"ghcr.io me {PASSWORD}\x07", "line 1 is not `registry user password`"),
        (f"ghcr.io mé {PASSWORD}", "line 1 is not `registry user password`"),
        (f"ghcr.io a {PASSWORD}\nhttps://ghcr.io b {PASSWORD}", "line 2 gives a second login for ghcr.io"),
        (f"123456789012.dkr.ecr.eu-west-2.amazonaws.com AWS {PASSWORD}", "line 1 is for Amazon ECR, where a role"),
    ],
)
def test_a_line_that_is_none_is_named_and_never_shown(raw: str, told: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        registry_login.parse_all(raw)
    assert str(caught.value).startswith(told)
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(RegistryLogin("ghcr.io", PASSWORD, PASSWORD))
