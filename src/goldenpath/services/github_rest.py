"""One request to GitHub's REST API, for stages that would wait longer for PyGithub to load than for the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.services.http import ATTEMPTS, READ_TIMEOUT, Http

if TYPE_CHECKING:
    from goldenpath.services.http import Answer


def get(url: str, token: str, *, attempts: int = ATTEMPTS, read_timeout: float = READ_TIMEOUT) -> Answer:
    """Return GitHub's answer to a GET of `url`, whatever its status; `read_timeout` is in seconds.

    Raises `RegistryUnreachable` when there is none.
    """
    headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {token}", "User-Agent": "goldenpath"}
    http = Http(attempts=attempts, read_timeout=read_timeout, connections=1)
    try:
        return http.send("GET", url, headers)
    finally:
        http.close()
