"""A double of a repository's settings on GitHub: a table of replies. What is not in it, the token may not read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goldenpath.delivery.adoption.settings import ApiResponse
from goldenpath.shared.names import PLATFORM

Body = dict[str, Any] | list[Any] | int

OWNER = PLATFORM.partition("/")[0]
SLUG = f"{OWNER}/web"
APP = {"full_name": SLUG, "private": True, "visibility": "private", "owner": {"login": OWNER}}
# Where nothing is wrong: a path is of the app's repository, and of another one behind its name.
HEALTHY: Mapping[str, Body] = {
    "": APP,
    "/actions/permissions": {"enabled": True, "allowed_actions": "all", "sha_pinning_required": False},
    "/actions/workflows?per_page=100": {"total_count": 0, "workflows": []},
    "/actions/runners?per_page=100": {"total_count": 0, "runners": []},
    "/actions/artifacts?per_page=100": {"total_count": 0, "artifacts": []},
    f"{PLATFORM}": {"private": False, "visibility": "public"},
}


@dataclass(frozen=True)
class SettingsDouble:
    """Replies with `replies`; a number is the status of a refusal."""

    replies: Mapping[str, Body] = field(default_factory=dict)
    slug: str = ""

    def get(self, path: str) -> ApiResponse:
        found = self.replies.get(self.slug + path, 403)
        return ApiResponse(found) if isinstance(found, int) else ApiResponse(200, found)

    def of(self, slug: str) -> SettingsDouble:
        return SettingsDouble(self.replies, slug)


def healthy(**changed: Body) -> SettingsDouble:
    """Return healthy settings in which the replies at `changed` paths are others; see `PATHS`."""
    return SettingsDouble({**HEALTHY, **{PATHS[name]: body for name, body in changed.items()}})


PATHS = {
    "repository": "",
    "permissions": "/actions/permissions",
    "selected": "/actions/permissions/selected-actions",
    "workflows": "/actions/workflows?per_page=100",
    "runners": "/actions/runners?per_page=100",
    "artifacts": "/actions/artifacts?per_page=100",
    "rules": "/rules/branches/main?per_page=100",
    "dev": "/environments/dev",
    "prod": "/environments/prod",
    "platform": PLATFORM,
    "access": f"{PLATFORM}/actions/permissions/access",
}
