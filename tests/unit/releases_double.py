"""A double of GitHub as dev/bump.py meets it: others' releases, and branches, files and pull requests of ours.

tests/contract/test_releases_double.py holds both sides of every call against GitHub's own description. Pull requests
are those of the project's own double of GitHub. Nothing listens: PyGithub's requester is replaced.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from github import GithubException
from github.Requester import Requester
from werkzeug.datastructures import Headers
from werkzeug.test import Client, create_environ
from werkzeug.wrappers import Request, Response

from goldenpath.local.github.code_scanning import SarifStore
from goldenpath.local.github.oidc import TokenIssuer
from goldenpath.local.responses import json_response
from tests.doubles.github import repository as github_repository
from tests.doubles.github.api import GitHubDouble

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ORIGIN = "https://api.github.com"
OURS = "octo/platform"
COMMIT = "a" * 40


@dataclass
class GitHubOfReleases:
    """A WSGI application; `releases` by repository, `branches` and `files` (by branch and path) of our own one."""

    releases: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=lambda: {"main": COMMIT})
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    refusal: tuple[int, str] | None = None
    takes_drafts: bool = True
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    github: GitHubDouble = field(default_factory=lambda: GitHubDouble(TokenIssuer(), SarifStore()))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI asks for it."""
        body = Request(environ).get_data()
        first, second = ({**environ, "wsgi.input": BytesIO(body)} for _ in range(2))
        return (self._answer(Request(first)) or self.github)(second, start_response)

    def take_the_place_of_github(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every call of PyGithub come here."""
        monkeypatch.setattr(Requester, "requestJsonAndCheck", self._requested)

    def environ(self, verb: str, place: str, body: object = None) -> WSGIEnvironment:
        """Return a request as PyGithub would send it."""
        path, _, query = place.partition("?")
        headers = Headers({"Authorization": f"Bearer {self.github.token}"})
        return create_environ(path, ORIGIN, query_string=query, method=verb, json=body, headers=headers)

    def pulls(self) -> list[dict[str, Any]]:
        """Return every pull request of our repository."""
        answer = Client(self).open(self.environ("GET", f"/repos/{OURS}/pulls?state=all"))
        return list(json.loads(answer.data))

    def _requested(self, verb: str, place: str, *, input: Any = None) -> tuple[dict[str, str], Any]:  # noqa: A002, ANN401  PyGithub's own names
        self.calls.append((verb, place, input))
        answer = Client(self).open(self.environ(verb, place, input))
        body = json.loads(answer.data)
        if answer.status_code >= 400:
            raise GithubException(answer.status_code, body)
        return {}, body

    def _answer(self, request: Request) -> Response | None:
        """Return the answer; `None` where the project's own double has it."""
        _, _, owner, name, kind, *rest = request.path.split("/")
        if request.method == "POST" and kind == "pulls":
            return self._refused(request)
        repository, path = f"{owner}/{name}", "/".join(rest)
        match request.method, kind:
            case "GET", "releases":
                return json_response(200, self.releases.get(repository, []))
            case "GET", "git":
                return self._ref(path.removeprefix("ref/heads/"))
            case "POST", "git":
                made = json.loads(request.data)
                self.branches[made["ref"].removeprefix("refs/heads/")] = made["sha"]
                return json_response(201, _ref(made["ref"].removeprefix("refs/heads/"), made["sha"]))
            case ("GET" | "PUT") as verb, "contents":
                return self._contents(verb, path, request)
        return None

    def _refused(self, request: Request) -> Response | None:
        status, message = self.refusal or (0, "")
        if json.loads(request.data)["draft"] and not self.takes_drafts:
            status, message = 422, "Draft pull requests are not supported in this repository."
        return json_response(status, {"message": message, "documentation_url": ORIGIN}) if status else None

    def _ref(self, branch: str) -> Response:
        if branch not in self.branches:
            return json_response(404, {"message": "Not Found", "documentation_url": ORIGIN, "status": "404"})
        return json_response(200, _ref(branch, self.branches[branch]))

    def _contents(self, verb: str, path: str, request: Request) -> Response:
        if verb == "GET":
            branch = parse_qs(request.query_string.decode())["ref"][0]
            found = self.files.get((branch, path)) or self.files["main", path]
            return json_response(200, _file(path, found))
        asked = json.loads(request.data)
        self.files[asked["branch"], path] = base64.b64decode(asked["content"])
        return json_response(200, {"content": _file(path, b""), "commit": {}})


def release(
    version: str, *assets: dict[str, Any], published: str = "2026-11-01T00:00:00Z", **more: object
) -> dict[str, Any]:
    """Return the description of a release."""
    url = f"{ORIGIN}/repos/acme/hello/releases/1"
    urls = dict.fromkeys(("url", "html_url", "assets_url", "upload_url", "tarball_url", "zipball_url"), url)
    return {
        **urls, "id": 1, "node_id": "R_1", "tag_name": f"v{version}", "name": version, "body": "", "draft": False,
        "prerelease": False, "immutable": False, "created_at": published, "published_at": published,
        "target_commitish": "main", "author": github_repository.person(ORIGIN, "maker"), "assets": list(assets), **more,
    }  # fmt: skip


def asset(name: str, sha256: str | None, *, updated: str = "2026-11-01T00:00:00Z") -> dict[str, Any]:
    """Return the description of a file of a release."""
    url = f"{ORIGIN}/repos/acme/hello/releases/assets/1"
    return {
        "id": 1, "node_id": "A_1", "url": url, "browser_download_url": url, "name": name, "label": "", "size": 1,
        "state": "uploaded", "content_type": "application/gzip", "download_count": 1, "created_at": updated,
        "updated_at": updated, "digest": f"sha256:{sha256}" if sha256 else None,
        "uploader": github_repository.person(ORIGIN, "maker"),
    }  # fmt: skip


def _ref(branch: str, sha: str) -> dict[str, Any]:
    url = f"{ORIGIN}/repos/{OURS}/git/refs/heads/{branch}"
    return {
        "ref": f"refs/heads/{branch}",
        "node_id": "F_1",
        "url": url,
        "object": {"type": "commit", "sha": sha, "url": url},
    }


def _file(path: str, content: bytes) -> dict[str, Any]:
    url = f"{ORIGIN}/repos/{OURS}/contents/{path}"
    return {
        "type": "file", "name": path.rpartition("/")[2], "path": path, "sha": "0" * 40, "size": len(content),
        "_links": dict.fromkeys(("self", "git", "html"), url),
        **dict.fromkeys(("url", "git_url", "html_url", "download_url"), url),
        "content": base64.b64encode(content).decode(), "encoding": "base64",
    }  # fmt: skip
