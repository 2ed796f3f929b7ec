"""The AWS SDK as it is set up here."""

# ruff: noqa: ANN401

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from goldenpath.delivery.registry.ecr_client import Ecr
from goldenpath.shared import aws_sdk
from goldenpath.shared.names import Region
from tests.unit.delivery.registry.test_ecr_client import Wire

REGION = Region("eu-west-2")


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


@pytest.mark.parametrize("no_proxy", ["*.amazonaws.com", ".amazonaws.com:443", "127.0.0.1 amazonaws.com"])
def test_aws_is_reached_around_the_proxy_where_no_proxy_says_so(no_proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "10.0.0.0/8")
    proxied: Any = aws_sdk.ecr_client(aws_sdk.session(), REGION)
    assert proxies_of(proxied)["https"] == "http://proxy.example:3128"
    monkeypatch.setenv("no_proxy", no_proxy)
    direct: Any = aws_sdk.ecr_client(aws_sdk.session(), REGION)
    assert proxies_of(direct) == {}


def proxies_of(client: Any) -> Any:
    return client._endpoint.http_session._proxy_config._proxies  # noqa: SLF001  what botocore will ask


def client() -> Any:
    return boto3.Session(aws_access_key_id="AKID", aws_secret_access_key="secret").client("ecr", region_name=REGION)


@pytest.fixture(scope="module")
def ecr(_no_login_of_this_machine: None) -> Ecr:
    return Ecr(client)


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(status: int, xml: str) -> Wire:
        wire, make = Wire(status, xml), aws_sdk.Sdk.client

        def client(self: aws_sdk.Sdk, *words: Any, **options: Any) -> Any:
            made: Any = make(self, *words, **options)
            made.meta.events.register("before-send.sts", wire)
            return made

        monkeypatch.setattr(aws_sdk.Sdk, "client", client)
        return wire

    return put
