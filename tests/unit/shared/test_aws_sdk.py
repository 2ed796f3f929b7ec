"""The AWS SDK as it is set up here."""

# ruff: noqa: ANN401

from __future__ import annotations

from typing import Any

import pytest

from goldenpath.shared import aws_sdk
from tests.unit.aws_client import REGION

pytestmark = pytest.mark.usefixtures("no_login_of_this_machine")


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
