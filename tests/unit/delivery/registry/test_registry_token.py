"""The token of a registry login."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.registry import registry_token
from goldenpath.delivery.registry.registry_token import Login

if TYPE_CHECKING:
    from botocore.stub import Stubber

    from goldenpath.delivery.registry.ecr_client import Ecr

pytestmark = pytest.mark.usefixtures("no_login_of_this_machine")
TOKEN = base64.b64encode(b"AWS:the-password").decode()


def test_a_login_is_the_token_as_the_data_plane_takes_it_and_its_secrets_are_named(ecr: Ecr, stub: Stubber) -> None:
    answer = {"authorizationToken": TOKEN, "proxyEndpoint": "https://123456789012.dkr.ecr.eu-west-2.amazonaws.com"}
    stub.add_response("get_authorization_token", {"authorizationData": [answer]}, {})
    assert ecr.login() == Login(answer["proxyEndpoint"], f"Basic {TOKEN}", (TOKEN, "the-password"))


@pytest.mark.parametrize(
    ("registry", "address"),
    [
        ("ghcr.io", "https://ghcr.io"), ("docker.io", "https://registry-1.docker.io"),
        ("registry.example:5000", "https://registry.example:5000"), ("127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("localhost:5000", "http://localhost:5000"), ("127.0.0.1.example", "https://127.0.0.1.example"),
    ],
)  # fmt: skip
def test_only_this_machine_is_asked_in_clear(registry: str, address: str) -> None:
    assert registry_token.address(registry) == address
