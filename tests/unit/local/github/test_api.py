from __future__ import annotations

import pytest
from werkzeug.test import Client

from goldenpath.local.github.api import GitHubEmulator
from goldenpath.local.github.code_scanning import SarifStore
from goldenpath.local.github.oidc import TokenIssuer

SARIFS = "/repos/local/app/code-scanning/sarifs"


@pytest.fixture
def scanning() -> SarifStore:
    return SarifStore()


@pytest.fixture
def github(scanning: SarifStore) -> GitHubEmulator:
    return GitHubEmulator(TokenIssuer(), scanning)


@pytest.mark.parametrize("authorization", ["", "Bearer other", "Basic token"])
def test_whoever_does_not_know_the_token_is_refused(github: GitHubEmulator, authorization: str) -> None:
    assert Client(github).get("/repos/local/app", headers={"Authorization": authorization}).status_code == 401


@pytest.mark.parametrize(
    "path", ["/repos/local/app", "/repos/local/app/pulls", "/repos/local/app/commits/main", "/graphql"]
)
def test_what_only_a_workflow_asks_for_is_not_there(github: GitHubEmulator, path: str) -> None:
    asked = Client(github).get(f"/repos/local/app{path}", headers={"Authorization": f"Bearer {github.token}"})
    assert asked.status_code == 404


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 400), (b"x" * (17 << 20), 413)])
def test_an_upload_that_is_none_is_refused(
    github: GitHubEmulator, scanning: SarifStore, body: bytes, status: int
) -> None:
    sent = Client(github).post(SARIFS, data=body, headers={"Authorization": f"Bearer {github.token}"})
    assert (sent.status_code, scanning.uploads()) == (status, [])
