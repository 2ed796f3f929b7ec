"""Send plain requests to GitHub's REST API from stages that cannot wait for PyGithub to load."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from goldenpath.shared import codec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.shared.http import HttpResponse

_ATTEMPTS, _READ_TIMEOUT = 5, 60.0


def get(url: str, token: str, *, attempts: int = _ATTEMPTS, read_timeout: float = _READ_TIMEOUT) -> HttpResponse:
    """Return GitHub's response to a GET of `url`, whatever its status; `read_timeout` is in seconds.

    Raises `RegistryUnreachable` when there is none.
    """
    return _send("GET", url, token, b"", attempts, read_timeout)


def post(url: str, token: str, content: Mapping[str, str], *, attempts: int, read_timeout: float) -> HttpResponse:
    """Return GitHub's response to a POST of `content`, as `get` does."""
    return _send("POST", url, token, json.dumps(content).encode(), attempts, read_timeout)


def json_object(response: HttpResponse) -> dict[str, Any] | None:
    """Return the JSON object in a response; `None` when it holds anything else."""
    try:
        return codec.decode(response.body, dict[str, Any])
    except ValueError:
        return None


def _send(method: str, url: str, token: str, body: bytes, attempts: int, read_timeout: float) -> HttpResponse:
    # Loaded only when a request is sent: most runs of a gate send none.
    from goldenpath.shared.http import Http  # noqa: PLC0415

    headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {token}", "User-Agent": "goldenpath"}
    http = Http(attempts=attempts, read_timeout=read_timeout, connections=1)
    try:
        return http.send(method, url, headers | ({"Content-Type": "application/json"} if body else {}), body or None)
    finally:
        http.close()
