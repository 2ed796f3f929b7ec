"""The settings of a repository on GitHub, as `goldenpath doctor` reads them: one reply for each question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

_OK, _NOT_FOUND = 200, 404


@dataclass(frozen=True)
class Reply:
    """What GitHub replied: the HTTP `status`, 0 where there was no reply, and the `body` of a successful one."""

    status: int
    body: Any = None

    @property
    def fields(self) -> Mapping[str, Any] | None:
        """The body of a successful reply that is an object, else `None`: it is not there, or not for this token."""
        return self.body if self.status == _OK and isinstance(self.body, dict) else None

    @property
    def is_absent(self) -> bool:
        """Whether GitHub says that nothing is there. To a token that may not look it says the same."""
        return self.status == _NOT_FOUND


class Settings(Protocol):
    """One repository on GitHub, as far as one token may look."""

    def get(self, path: str) -> Reply:
        """Return GitHub's reply to a GET of `path`, relative to the repository."""

    def of(self, slug: str) -> Settings:
        """Return another repository, as far as the same token may look."""


def listed(reply: Reply, name: str) -> list[Mapping[str, Any]] | None:
    """Return the list `name` in a reply; `None` where there is none."""
    found = (reply.fields or {}).get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else None
