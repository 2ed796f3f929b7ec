"""An emulator of the GitHub API that a delivery at a terminal uses: OIDC tokens and code scanning."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from goldenpath.local.github import oidc
from goldenpath.local.github.code_scanning import RejectedError, SarifStore
from goldenpath.local.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    # Method, pattern of the path, and the function that responds.
    Route = tuple[str, re.Pattern[str], Callable[..., Response]]

_LARGEST_BODY = 16 << 20
_DOCUMENTATION = "https://docs.github.com/rest"
_NAME = r"[\w.-]+"
REPOSITORY = rf"/repos/(?P<owner>{_NAME})/(?P<name>{_NAME})"


class GitHubEmulator:
    """A WSGI application; `token` is the only valid GITHUB_TOKEN."""

    def __init__(self, issuer: oidc.TokenIssuer, scanning: SarifStore) -> None:
        self.token = secrets.token_urlsafe(32)
        self._issuer = issuer
        self._scanning = scanning
        self._routes: tuple[Route, ...] = (
            ("GET", re.compile(f"{REPOSITORY}/code-scanning/analyses"), self._analyses),
            ("POST", re.compile(f"{REPOSITORY}/code-scanning/sarifs"), self._upload),
            ("GET", re.compile(f"{REPOSITORY}/code-scanning/sarifs/(?P<upload>{_NAME})"), self._status),
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to one request, as WSGI defines it."""
        request = Request(environ)
        request.max_content_length = _LARGEST_BODY
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if request.path == oidc.PATH:
            return self._issuer.respond(request)
        if not self._knows(request.headers.get("Authorization", "")):
            return _message(401, "Bad credentials")
        for method, pattern, handler in self._routes:
            path_match = pattern.fullmatch(request.path)
            if path_match and request.method == method:
                try:
                    return handler(request, **path_match.groupdict())
                except RejectedError as rejected:
                    return _message(rejected.status, rejected.message)
        return _message(404, "Not Found")

    def _knows(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() in {"bearer", "token"} and secrets.compare_digest(token.encode(), self.token.encode())

    def _analyses(self, _: Request, owner: str, name: str) -> Response:
        taken = [upload for upload in self._scanning.uploads() if upload.repository == f"{owner}/{name}"]
        # No caller reads the analyses themselves.
        return json_response(200, []) if taken else _message(404, "no analysis found")

    def _upload(self, request: Request, owner: str, name: str) -> Response:
        upload = self._scanning.take(f"{owner}/{name}", json_body(request))
        url = f"{request_origin(request)}/repos/{owner}/{name}/code-scanning/sarifs/{upload.id}"
        return json_response(202, {"id": upload.id, "url": url})

    def _status(self, request: Request, owner: str, name: str, upload: str) -> Response:
        processed = self._scanning.look(f"{owner}/{name}", upload)
        if processed is None:
            return _message(404, "Not Found")
        status, sarif_upload = processed
        analyses = f"{request_origin(request)}/repos/{owner}/{name}/code-scanning/analyses?sarif_id={upload}"
        body: dict[str, Any] = {"processing_status": status}
        body |= {"analyses_url": analyses} if status == "complete" else {}
        body |= {"errors": list(sarif_upload.errors)} if status == "failed" else {}
        return json_response(200, body)


def json_body(request: Request) -> object:
    """Return the JSON that `request` carries. Raises `RejectedError`."""
    try:
        return json.loads(request.get_data())
    except RequestEntityTooLarge:
        raise RejectedError(413, "The SARIF file is too large.") from None
    except (ValueError, BadRequest):
        raise RejectedError(400, "Problems parsing JSON") from None


def _message(status: int, message: str) -> Response:
    return json_response(status, {"message": message, "documentation_url": _DOCUMENTATION, "status": str(status)})


def request_origin(request: Request) -> str:
    """Return the URL that `request` came to, without a path."""
    return request.host_url.rstrip("/")
