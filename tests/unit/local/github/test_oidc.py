"""GitHub's OIDC tokens, as the double issues them."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from werkzeug.test import Client

from goldenpath.local.github import oidc
from goldenpath.local.github.api import GitHubEmulator
from goldenpath.local.github.code_scanning import SarifStore

ISSUER = oidc.TokenIssuer()


def ask(url: str, token: str) -> tuple[int, dict[str, str]]:
    parts = urlsplit(url)
    client = Client(GitHubEmulator(ISSUER, SarifStore()))
    answer = client.get(parts.path, query_string=parts.query, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.get_json()


def test_the_url_of_a_run_gives_a_token_with_its_subject_and_the_asked_audience() -> None:
    url = oidc.request_url("http://127.0.0.1:1", subject="repo:octo/app:environment:prod", repository="octo/app")
    status, answer = ask(url + "&audience=sts.amazonaws.com", ISSUER.request_token)
    claims = jwt.decode(answer["value"], ISSUER.public_key, algorithms=["RS256"], audience="sts.amazonaws.com")
    assert status == 200
    assert claims["iss"] == "https://token.actions.githubusercontent.com"
    assert claims["sub"] == "repo:octo/app:environment:prod"
    assert (claims["environment"], claims["repository_owner"]) == ("prod", "octo")


@pytest.mark.parametrize("token", ["", "wrong"])
def test_without_the_request_token_there_is_no_token(token: str) -> None:
    status, answer = ask(oidc.request_url("http://x", subject="repo:o/r:pull_request", repository="o/r"), token)
    assert status == 401
    assert "value" not in answer


def test_without_an_audience_it_is_the_owner() -> None:
    assert oidc.claims_of({"repository": "octo/app"})["aud"] == "https://github.com/octo"


def test_the_request_url_already_has_a_query_as_githubs_has() -> None:
    query = dict(parse_qsl(urlsplit(oidc.request_url("http://x", subject="s&t", repository="o/r")).query))
    assert query == {"api-version": "2.0", "sub": "s&t", "repository": "o/r"}
