"""The one door to PyGithub: how a GitHub, or a GitHub Enterprise Server, is talked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from github import Github

# GitHub asks for a second between two writes, and for no pause between reads ("Best practices for using the REST API").
# PyGithub would wait for a quarter of a second before each read too.
SECONDS_BETWEEN_WRITES = 1.0
_TIMEOUT = 30


def connect(api_url: str, token: str, *, timeout: int = _TIMEOUT, retry: int = 3) -> Github:
    """Return a client of the GitHub at `api_url`. It asks nothing yet."""
    # Loaded where it is used: every other stage would wait for it too.
    from github import Auth, Github  # noqa: PLC0415

    return Github(
        base_url=api_url, auth=Auth.Token(token), timeout=timeout, retry=retry, lazy=True,
        seconds_between_requests=0, seconds_between_writes=SECONDS_BETWEEN_WRITES,
    )  # fmt: skip
