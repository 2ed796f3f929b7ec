"""A double of a repository's settings on GitHub: environments, the permissions of Actions, and runners.

Sources: GitHub REST API, "Deployment environments", "Actions permissions", "Self-hosted runners", "Workflows",
"List CODEOWNERS errors".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.local.github.code_scanning import RejectedError
from tests.doubles.github import repository as github_repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.doubles.github.shapes import Place

_WHEN = "2026-11-21T00:00:00Z"
_TIMES = {"created_at": _WHEN, "updated_at": _WHEN}


@dataclass
class Settings:
    """The settings of all repositories. Without `is_admin` the token may not read those of Actions.

    `environments` are name → required reviewers, and `deploying` name → the branches that may deploy to it (all when
    it is missing); `workflows` path → state; `runners` name → version. `access` is
    the access of other repositories to the workflows of a private one, `approves` whether workflows may open and
    approve pull requests, and `unowned` the lines of CODEOWNERS that name nobody.
    """

    is_admin: bool = True
    enabled: bool = True
    allowed: str = "all"
    patterns: tuple[str, ...] = ()
    pinned: bool = False
    access: str = "organization"
    approves: bool = False
    unowned: tuple[int, ...] = ()
    environments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    deploying: dict[str, tuple[str, ...]] = field(default_factory=dict)
    workflows: dict[str, str] = field(default_factory=dict)
    runners: dict[str, str] = field(default_factory=dict)

    def environment(self, place: Place, name: str, _: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "Get an environment". Raises `RejectedError`."""
        if name not in self.environments:
            raise RejectedError(404, "Not Found")
        people = [
            {"type": "User", "reviewer": github_repository.person(place.origin, login)}
            for login in self.environments[name]
        ]
        reviewers = {
            "id": 2, "node_id": "GA_2", "type": "required_reviewers", "prevent_self_review": True, "reviewers": people,
        }  # fmt: skip
        own = {"protected_branches": False, "custom_branch_policies": True} if name in self.deploying else None
        limit = {"id": 3, "node_id": "GA_3", "type": "branch_policy"}
        return {
            "id": 1, "node_id": "EN_1", "name": name, "url": f"{place.url}/environments/{name}",
            "html_url": f"{place.page}/deployments/activity_log?environments_filter={name}", **_TIMES,
            "protection_rules": [*([reviewers] if people else []), *([limit] if own else [])],
            "deployment_branch_policy": own,
        }  # fmt: skip

    def deployment_branches(self, _: Place, name: str, __: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "List deployment branch policies". Raises `RejectedError`."""
        if name not in self.environments:
            raise RejectedError(404, "Not Found")
        policies = [
            {"id": at, "node_id": f"DBP_{at}", "name": branch, "type": "branch"}
            for at, branch in enumerate(self.deploying.get(name, ()), 1)
        ]
        return {"total_count": len(policies), "branch_policies": policies}

    def permissions(self, place: Place, _: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "Get GitHub Actions permissions for a repository". Raises `RejectedError`."""
        self._require_admin()
        chosen = f"{place.url}/actions/permissions/selected-actions"
        return {
            "enabled": self.enabled, "allowed_actions": self.allowed, "sha_pinning_required": self.pinned,
            **({"selected_actions_url": chosen} if self.allowed == "selected" else {}),
        }  # fmt: skip

    def selected(self, _: Place, __: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "Get allowed actions and reusable workflows for a repository". Raises `RejectedError`."""
        self._require_admin()
        if self.allowed != "selected":
            raise RejectedError(409, "Conflict")
        return {"github_owned_allowed": True, "verified_allowed": False, "patterns_allowed": list(self.patterns)}

    def access_level(self, _: Place, __: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "Get the level of access for workflows outside of the repository". Raises `RejectedError`."""
        self._require_admin()
        return {"access_level": self.access}

    def workflow_permissions(self, _: Place, __: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "Get default workflow permissions for a repository". Raises `RejectedError`."""
        self._require_admin()
        return {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": self.approves}

    def codeowners(self, _: Place, __: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "List CODEOWNERS errors"."""
        path, kind = ".github/CODEOWNERS", "Unknown owner"
        return {
            "errors": [
                {"line": line, "column": 1, "kind": kind, "message": f"{kind} on line {line}", "path": path}
                for line in self.unowned
            ]
        }

    def list_runners(self, _: Place, __: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "List self-hosted runners for a repository". Raises `RejectedError`."""
        self._require_admin()
        runners = [
            {"id": at, "name": name, "os": "linux", "status": "online", "busy": False, "ephemeral": True,
             "version": version, "labels": [{"id": 1, "name": "self-hosted", "type": "read-only"}]}
            for at, (name, version) in enumerate(self.runners.items(), 1)
        ]  # fmt: skip
        return {"total_count": len(runners), "runners": runners}

    def list_workflows(self, place: Place, _: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "List repository workflows"."""
        workflows = [
            {"id": at, "node_id": f"W_{at}", "name": path, "path": path, "state": state, **_TIMES,
             "url": f"{place.url}/actions/workflows/{at}", "html_url": f"{place.page}/blob/main/{path}",
             "badge_url": f"{place.page}/workflows/{at}/badge.svg"}
            for at, (path, state) in enumerate(self.workflows.items(), 1)
        ]  # fmt: skip
        return {"total_count": len(workflows), "workflows": workflows}

    def _require_admin(self) -> None:
        if not self.is_admin:
            raise RejectedError(403, "Resource not accessible by integration")
