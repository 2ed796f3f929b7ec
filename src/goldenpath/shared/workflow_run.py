"""The workflow run that wrote a record, as GitHub names it.

Source: GitHub, "Variables reference" (`GITHUB_SERVER_URL`, `GITHUB_REPOSITORY`, `GITHUB_RUN_ID`, `GITHUB_RUN_ATTEMPT`).
"""

from __future__ import annotations

import re

from msgspec import Struct

_SERVER = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?", re.ASCII)
_REPOSITORY = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}", re.ASCII)
_GREATEST = 10**18


class WorkflowRun(Struct, frozen=True):
    """One attempt of a workflow run of `repository` (`owner/name`) at `server`, like `https://github.com`.

    Raises `ValueError` for what GitHub would not name so: a record may come from anybody, and its page is shown.
    """

    server: str
    repository: str
    id: int
    attempt: int = 1

    def __post_init__(self) -> None:
        """Check every part."""
        if not (_SERVER.fullmatch(self.server) and _REPOSITORY.fullmatch(self.repository)):
            raise ValueError(f"{self.server[:100]!a}, {self.repository[:100]!a}: no repository on a GitHub server")
        if not (0 < self.id < _GREATEST and 0 < self.attempt < _GREATEST):
            raise ValueError("the number of a workflow run and its attempt are greater than 0")

    @property
    def page(self) -> str:
        """The address of its page."""
        return f"{self.server}/{self.repository}/actions/runs/{self.id}/attempts/{self.attempt}"
