"""The token of a registry login."""

# ruff: noqa: ANN401

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from goldenpath.delivery.registry.ecr_client import Ecr
from goldenpath.delivery.registry.registry_token import Login
from goldenpath.shared.names import Region

REGION = Region("eu-west-2")


TOKEN = base64.b64encode(b"AWS:the-password").decode()


@pytest.fixture(autouse=True, scope="module")
def _no_login_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    empty = tmp_path_factory.mktemp("home") / "no-such-file"
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, str(empty))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setattr("time.sleep", lambda _: None)
        yield


def client_of(ecr: Ecr) -> Any:
    return ecr._connected  # noqa: SLF001  the SDK's client is what the stubber takes the place of


def client() -> Any:
    return boto3.Session(aws_access_key_id="AKID", aws_secret_access_key="secret").client("ecr", region_name=REGION)


@pytest.fixture(scope="module")
def ecr(_no_login_of_this_machine: None) -> Ecr:
    return Ecr(client)


@pytest.fixture
def stub(ecr: Ecr) -> Iterator[Stubber]:
    with Stubber(client_of(ecr)) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_a_login_is_the_token_as_the_data_plane_takes_it_and_its_secrets_are_named(ecr: Ecr, stub: Stubber) -> None:
    answer = {"authorizationToken": TOKEN, "proxyEndpoint": "https://123456789012.dkr.ecr.eu-west-2.amazonaws.com"}
    stub.add_response("get_authorization_token", {"authorizationData": [answer]}, {})
    assert ecr.login() == Login(answer["proxyEndpoint"], f"Basic {TOKEN}", (TOKEN, "the-password"))
