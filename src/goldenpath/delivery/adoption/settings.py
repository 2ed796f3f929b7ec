"""The settings of a repository on GitHub, as `goldenpath doctor` reads them: one response for every path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

_OK, _NOT_FOUND = 200, 404


@dataclass(frozen=True)
class ApiResponse:
    """A response of GitHub: its HTTP `status`, or 0 without a response, and the `body` of a successful one."""

    status: int
    body: Any = None

    @property
    def fields(self) -> Mapping[str, Any] | None:
        """The body of a successful response, if it is an object. `None`: absent, or not readable with this token."""
        return self.body if self.status == _OK and isinstance(self.body, dict) else None

    @property
    def is_absent(self) -> bool:
        """Whether GitHub reports that it does not exist. A token without permission gets the same response."""
        return self.status == _NOT_FOUND


class RepositorySettings(Protocol):
    """The settings of one repository on GitHub that a token may read."""

    def get(self, path: str) -> ApiResponse:
        """Return GitHub's response to a GET of `path`, relative to the repository."""

    def of(self, slug: str) -> RepositorySettings:
        """Return the settings of another repository that the same token may read."""


def objects(items: object) -> list[Mapping[str, Any]] | None:
    """Return the objects in a list of JSON; `None` where `items` is no list."""
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else None


def listed(response: ApiResponse, name: str) -> list[Mapping[str, Any]] | None:
    """Return the objects in the list `name` of a response; `None` where it has no such list."""
    return objects((response.fields or {}).get(name))
