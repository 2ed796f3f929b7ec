"""The SDK's clients, without a login of this machine and without a network."""

# The SDK's clients have no types of their own.
# ruff: noqa: ANN401

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.stub import Stubber

from goldenpath.delivery.registry.ecr_client import Ecr
from goldenpath.shared import aws_sdk
from goldenpath.shared.names import Region

REGION = Region("eu-west-2")


def client_of(ecr: Ecr) -> Any:
    return ecr._connected  # noqa: SLF001  the SDK's client is what the stubber takes the place of


def client() -> Any:
    return boto3.Session(aws_access_key_id="AKID", aws_secret_access_key="secret").client("ecr", region_name=REGION)


class Wire:
    """A double of the wire below the SDK: it keeps the request to STS and gives an answer in STS's own XML."""

    def __init__(self, status: int, xml: str) -> None:
        self.requests: list[AWSPreparedRequest] = []
        self._status, self._xml = status, xml.encode()

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self.requests.append(request)
        raw: Any = self
        return AWSResponse(request.url, self._status, HTTPHeaders(), raw)

    def stream(self) -> Iterator[bytes]:
        yield self._xml


@pytest.fixture(scope="module")
def no_login_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    empty = tmp_path_factory.mktemp("home") / "no-such-file"
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, str(empty))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setattr("time.sleep", lambda _: None)
        yield


@pytest.fixture(scope="module")
def ecr(no_login_of_this_machine: None) -> Ecr:
    return Ecr(client)


@pytest.fixture
def stub(ecr: Ecr) -> Iterator[Stubber]:
    with Stubber(client_of(ecr)) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


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
