"""The door that `goldenpath local` itself uses to reach an emulator in another process: is it there, and seed it."""

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
    """What should be there: mutable and immutable repositories, and roles that any repository's runs may assume.

    The repositories belong to `environment`, by their tag, where one is named.
    """

    repositories: tuple[str, ...] = ()
    immutable_repositories: tuple[str, ...] = ()
    environment: str = ""
    roles: tuple[str, ...] = ()


class Control:
    """A WSGI application for whoever knows its `token`; `plant` makes what a seed asks for."""

    def __init__(self, plant: Callable[[Seed], None]) -> None:
        self.token = secrets.token_urlsafe(32)
        self._plant = plant

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI asks for it."""
        request = Request(environ)
        request.max_content_length = _LARGEST_BODY
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        shown = request.headers.get("Authorization", "")
        if not secrets.compare_digest(shown.encode(), f"Bearer {self.token}".encode()):
            return json_response(401, {"message": "this is another emulator's token"})
        match request.method, request.path:
            case "GET", path if path == HEALTH:
                return json_response(200, {"running": True})
            case "POST", path if path == SEED:
                try:
                    self._plant(codec.decode(request.get_data(), Seed))
                except ValueError as error:
                    return json_response(400, {"message": str(error)})
                return json_response(200, {"running": True})
            case _:
                return json_response(404, {"message": "Not Found"})
