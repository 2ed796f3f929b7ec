"""One request to GitHub's REST API, for stages that would wait longer for PyGithub to load than for the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from goldenpath.shared.http import ATTEMPTS, READ_TIMEOUT, Http

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.shared.http import Answer


def get(url: str, token: str, *, attempts: int = ATTEMPTS, read_timeout: float = READ_TIMEOUT) -> Answer:
    """Return GitHub's answer to a GET of `url`, whatever its status; `read_timeout` is in seconds.

    Raises `RegistryUnreachable` when there is none.
    """
    return _answer("GET", url, token, b"", attempts, read_timeout)


def post(url: str, token: str, content: Mapping[str, str], *, attempts: int, read_timeout: float) -> Answer:
    """Return GitHub's answer to a POST of `content`, as `get` does."""
    return _answer("POST", url, token, json.dumps(content).encode(), attempts, read_timeout)


def _answer(method: str, url: str, token: str, body: bytes, attempts: int, read_timeout: float) -> Answer:
    headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {token}", "User-Agent": "goldenpath"}
    http = Http(attempts=attempts, read_timeout=read_timeout, connections=1)
    try:
        return http.send(method, url, headers | ({"Content-Type": "application/json"} if body else {}), body or None)
    finally:
        http.close()
