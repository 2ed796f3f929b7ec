"""The control API of an emulator: `goldenpath local` asks from another process whether it runs, and seeds it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec
from werkzeug.wrappers import Request, Response

from goldenpath.local.responses import json_response
from goldenpath.shared import codec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HEALTH = "/health"
SEED = "/seed"
_LARGEST_BODY = 1 << 20


class Seed(msgspec.Struct, frozen=True):
    """ECR repositories (mutable and immutable) to create, and roles that the runs of any GitHub repository may assume.

    With an `environment`, the ECR repositories are tagged as belonging to it.
    """

    repositories: tuple[str, ...] = ()
    immutable_repositories: tuple[str, ...] = ()
    environment: str = ""
    roles: tuple[str, ...] = ()


class Control:
    """A WSGI application for clients that know its `token`; `apply_seed` creates the content of a seed."""

    def __init__(self, apply_seed: Callable[[Seed], None]) -> None:
        self.token = secrets.token_urlsafe(32)
        self._apply_seed = apply_seed

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to one request, as WSGI defines it."""
        request = Request(environ)
        request.max_content_length = _LARGEST_BODY
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Response:
        authorization = request.headers.get("Authorization", "")
        if not secrets.compare_digest(authorization.encode(), f"Bearer {self.token}".encode()):
            return json_response(401, {"message": "This is the token of another emulator."})
        match request.method, request.path:
            case "GET", path if path == HEALTH:
                return json_response(200, {"running": True})
            case "POST", path if path == SEED:
                try:
                    self._apply_seed(codec.decode(request.get_data(), Seed))
                except ValueError as error:
                    return json_response(400, {"message": str(error)})
                return json_response(200, {"running": True})
            case _:
                return json_response(404, {"message": "Not Found"})
