from __future__ import annotations

import base64
import json
from itertools import repeat

import pytest
from urllib3.exceptions import ProtocolError

from goldenpath.shared import oidc
from goldenpath.shared.errors import LoginRefused
from tests.unit.http_double import Request, Response, pool, pool_of

URL, BEARER = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
PERMISSION = "give the job `permissions: id-token: write` (and its caller, which must grant at least as much)"
RUN = {URL: "https://pipelines.example/id?api-version=2", BEARER: "bearer"}


def test_a_token_is_asked_for_with_the_audience_of_sts(monkeypatch: pytest.MonkeyPatch) -> None:
    double = pool(monkeypatch, Response(200, {}, b'{"count": 1, "value": "eyJ"}'))
    assert oidc.token(RUN) == "eyJ"
    assert double.requests == [
        Request("GET", f"{RUN[URL]}&audience=sts.amazonaws.com", {"Authorization": "Bearer bearer"}, b"")
    ]


def test_an_address_without_query_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    double = pool(monkeypatch, Response(200, {}, b'{"value": "eyJ"}'))
    oidc.token({**RUN, URL: "https://pipelines.example/id"})
    assert double.requests[0].url == "https://pipelines.example/id?audience=sts.amazonaws.com"


def test_a_token_is_asked_for_with_another_audience_where_one_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    double = pool(monkeypatch, Response(200, {}, b'{"value": "eyJ"}'))
    oidc.token(RUN, "https://sts.example/a&b=c")
    assert double.requests[0].url == f"{RUN[URL]}&audience=https%3A%2F%2Fsts.example%2Fa%26b%3Dc"


@pytest.mark.parametrize("variables", [{}, {URL: "https://x"}, {BEARER: "x"}, {URL: "", BEARER: "x"}])
def test_a_run_without_the_permission_is_told_which(variables: dict[str, str]) -> None:
    with pytest.raises(LoginRefused) as caught:
        oidc.token(variables)
    assert caught.value.what == "This run may not ask GitHub for an OIDC token"
    assert caught.value.fix == PERMISSION


@pytest.mark.parametrize("status", [401, 403, 404, 301])
def test_an_endpoint_that_refuses_is_told_without_the_bearer_token(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    pool(monkeypatch, Response(status, {}, b"bearer"))
    with pytest.raises(LoginRefused) as caught:
        oidc.token(RUN)
    assert (caught.value.what, caught.value.why) == ("GitHub gave no OIDC token", f"HTTP {status}")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"value": null}', b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_token_is_refused_and_not_quoted(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    pool(monkeypatch, Response(200, {}, body))
    with pytest.raises(LoginRefused) as caught:
        oidc.token(RUN)
    assert str(caught.value) == "GitHub's OIDC endpoint sent a response without a token. Run the job again."


def test_an_endpoint_that_is_down_is_a_login_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    pool_of(monkeypatch, repeat(ProtocolError("reset")))
    with pytest.raises(LoginRefused) as caught:
        oidc.token(RUN)
    assert (caught.value.what, caught.value.why) == ("GitHub's OIDC endpoint does not respond", "reset")


def signed(**claims: str) -> str:
    """Return a token with these claims, in the form of one."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.c2lnbmF0dXJl"


DEFAULT = [
    "repo:team/my-app:ref:refs/heads/main",
    "repo:team/my-app:ref:refs/heads/a/b@c",
    "repo:team/my-app:environment:prod",
    "repo:team/my-app:pull_request",
    "repo:team@12/my-app@345:environment:prod",
]


@pytest.mark.parametrize("subject", DEFAULT)
def test_a_subject_of_github_is_not_customised(subject: str) -> None:
    assert oidc.customised_subject(signed(sub=subject)) == ""


CUSTOMISED = [
    "repository_owner_id:12:repository_id:345",
    "repo:team/my-app:environment:prod:job_workflow_ref:org/p/.github/workflows/x.yml@refs/heads/main",
    "job_workflow_ref:org/p/.github/workflows/x.yml@refs/heads/main",
    "repo:team/my-app",
]


@pytest.mark.parametrize("subject", CUSTOMISED)
def test_another_subject_is_customised(subject: str) -> None:
    assert oidc.customised_subject(signed(sub=subject)) == subject


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.e30"])
def test_a_token_without_a_subject_says_nothing(token: str) -> None:
    assert oidc.customised_subject(token) == ""
