"""Our double of GitHub's releases, branches and files, request and answer, against GitHub's own OpenAPI description."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from tests.contract.test_github_double import DESCRIPTION
from tests.unit.releases_double import COMMIT, OURS, GitHubOfReleases, asset, release
from werkzeug.test import Client
from werkzeug.wrappers import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SHA = "ab" * 32
NEW = "refs/heads/bump/hello-1.2.4"
PULL = {"title": "t", "body": "b", "head": "bump/hello-1.2.4", "base": "main", "draft": True}
FILE = {"message": "m", "content": base64.b64encode(b"x").decode(), "sha": "0" * 40, "branch": "main"}

CALLS = {
    "releases": ("GET", "/repos/acme/hello/releases?per_page=100", None, 200),
    "a branch": ("GET", f"/repos/{OURS}/git/ref/heads%2Fmain", None, 200),
    "no such branch": ("GET", f"/repos/{OURS}/git/ref/heads%2Fother", None, 404),
    "a new branch": ("POST", f"/repos/{OURS}/git/refs", {"ref": NEW, "sha": COMMIT}, 201),
    "a file": ("GET", f"/repos/{OURS}/contents/table?ref=main", None, 200),
    "a commit": ("PUT", f"/repos/{OURS}/contents/table", FILE, 200),
    "pull requests": ("GET", f"/repos/{OURS}/pulls?state=all&head=octo:bump", None, 200),
    "a pull request": ("POST", f"/repos/{OURS}/pulls", PULL, 201),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_double_takes_and_gives_what_github_does(name: str) -> None:
    verb, place, body, status = CALLS[name]
    github = GitHubOfReleases({"acme/hello": [release("1.2.4", asset("a", SHA), asset("b", None))]})
    github.files["main", "table"] = b"x"

    def sent() -> WSGIEnvironment:
        return github.environ(verb, place, body)

    # The description has no slash in a parameter of a path, where GitHub takes one.
    request = WerkzeugOpenAPIRequest(
        Request({**sent(), "PATH_INFO": sent()["PATH_INFO"].replace("heads/", "heads%2F")})
    )
    DESCRIPTION.validate_request(request)
    answer = Client(github).open(sent())
    assert answer.status_code == status
    DESCRIPTION.validate_response(request, WerkzeugOpenAPIResponse(answer))
