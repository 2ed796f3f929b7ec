"""The AWS SDK as it is set up here."""

# ruff: noqa: ANN401

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl

import pytest

from goldenpath.shared import aws_sdk
from goldenpath.shared.errors import LoginRefused
from goldenpath.shared.names import RoleArn
from tests.unit.aws_client import REGION
from tests.unit.shared.test_oidc import signed

pytestmark = pytest.mark.usefixtures("no_login_of_this_machine")


@pytest.mark.parametrize("no_proxy", ["*.amazonaws.com", ".amazonaws.com:443", "127.0.0.1 amazonaws.com"])
def test_aws_is_reached_around_the_proxy_where_no_proxy_says_so(no_proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "10.0.0.0/8")
    proxied = aws_sdk.client(aws_sdk.session(), "ecr", REGION)
    assert proxies_of(proxied)["https"] == "http://proxy.example:3128"
    monkeypatch.setenv("no_proxy", no_proxy)
    direct = aws_sdk.client(aws_sdk.session(), "ecr", REGION)
    assert proxies_of(direct) == {}


def proxies_of(client: Any) -> Any:
    return client._endpoint.http_session._proxy_config._proxies  # noqa: SLF001  what botocore will ask


def test_a_run_with_a_customised_subject_is_told_so_when_it_is_refused(sts: Any) -> None:
    message = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    sts(403, f"<ErrorResponse><Error><Code>AccessDenied</Code><Message>{message}</Message></Error></ErrorResponse>")
    role = RoleArn("arn:aws:iam::123456789012:role/deliver-dev")
    wanted = aws_sdk.RoleSession(role, REGION, "name", aws_sdk.RELEASE_SECONDS)

    with pytest.raises(LoginRefused) as caught:
        aws_sdk.exchanged(aws_sdk.session(), wanted, signed(sub="repository_id:345"))

    assert caught.value.why == (
        f"AccessDenied: {message}; the subject of this run's tokens is customised: 'repository_id:345'"
    )
    assert "`subject_claim_keys` of modules/github_oidc_roles" in caught.value.fix


def test_a_token_for_a_cluster_is_a_request_that_is_signed_for_that_cluster_and_a_minute() -> None:
    key = aws_sdk.Key("AKID", "secret", "session-token")
    token = aws_sdk.cluster_token(aws_sdk.client(aws_sdk.session(), "sts", REGION, key), "web")
    kind, _, encoded = token.partition(".")
    address, _, query = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode().partition("?")
    signed = dict(parse_qsl(query))
    assert (kind, address) == ("k8s-aws-v1", f"https://sts.{REGION}.amazonaws.com/")
    assert (signed["Action"], signed["X-Amz-Expires"]) == ("GetCallerIdentity", "60")
    assert signed["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    assert signed["X-Amz-Security-Token"] == "session-token"
    assert "secret" not in query.replace("session-token", "")
