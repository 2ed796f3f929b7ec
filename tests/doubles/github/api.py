"""GitHub's REST API as far as deliveries and registries use it; `goldenpath local` has only a part of it."""

from __future__ import annotations

import enum
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from goldenpath.local.github.api import REPOSITORY, GitHubEmulator, json_body, request_origin
from goldenpath.local.github.code_scanning import RejectedError, SarifStore
from goldenpath.local.responses import json_response
from tests.doubles.github import repository
from tests.doubles.github.artifacts import STORAGE, Artifacts
from tests.doubles.github.commits import Commits
from tests.doubles.github.rules import Rulesets
from tests.doubles.github.runs import Runs
from tests.doubles.github.settings import Settings
from tests.doubles.github.shapes import Place
from tests.doubles.github.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request, Response

    from goldenpath.local.github import oidc
    from goldenpath.local.github.api import Route


class UploadRefusal(enum.Enum):
    """The reasons for which GitHub refuses every upload to a repository (HTTP 403), in its words."""

    NOT_PERMITTED = "Resource not accessible by integration"
    CODE_SECURITY_OFF = "Code Security must be enabled for this repository to use code scanning."


class GitHubDouble(GitHubEmulator):
    """The emulator with pull requests, issues, rules, settings, runs, artifacts, files and commits.

    All repositories have the same `visibility`. With a `refusal` it takes no SARIF, and none for the refs in `gone`.
    """

    def __init__(self, issuer: oidc.TokenIssuer, scanning: SarifStore) -> None:
        super().__init__(issuer, scanning)
        self.visibility = "private"
        self.refusal: UploadRefusal | None = None
        self.gone: set[str] = set()
        self.threads = Threads()
        self.rulesets = Rulesets()
        self.artifacts = Artifacts()
        self.commits = Commits()
        self.settings = Settings()
        self.runs = Runs(self.threads.tick)
        self._routes = (
            *self._routes,
            ("GET", re.compile(REPOSITORY), self._repository),
            ("POST", re.compile("/graphql"), self._history),
            *self._run_routes(),
            *self._thread_routes(),
            *self._rule_routes(),
            *self._setting_routes(),
            ("GET", re.compile(rf"{REPOSITORY}/compare/(?P<rest>.+)"), partial(self._read, self.commits.compare)),
            ("GET", re.compile(rf"{REPOSITORY}/commits/(?P<rest>.+)"), partial(self._read, self.commits.get)),
            ("GET", re.compile(rf"{REPOSITORY}/git/ref/(?P<rest>.+)"), partial(self._read, self.commits.ref)),
        )

    def _respond(self, request: Request) -> Response:
        # The storage of artifacts is another host, and has no tokens.
        return self.artifacts.fetch(request) if request.path.startswith(STORAGE) else super()._respond(request)

    def _analyses(self, request: Request, owner: str, name: str) -> Response:
        self._require_scanning()
        return super()._analyses(request, owner, name)

    def _upload(self, request: Request, owner: str, name: str) -> Response:
        self._require_scanning()
        body = json_body(request)
        if isinstance(body, dict) and (ref := body.get("ref")) in self.gone:
            raise RejectedError(404, f"ref '{ref}' not found in this repository")
        return super()._upload(request, owner, name)

    def _require_scanning(self) -> None:
        if self.refusal:
            raise RejectedError(403, self.refusal.value)

    def _run_routes(self) -> tuple[Route, ...]:
        run = rf"{REPOSITORY}/actions/runs/(?P<number>\d+)"
        return (
            ("GET", re.compile(run), self._run),
            ("GET", re.compile(rf"{run}/attempts/(?P<attempt>\d+)"), self._run),
            ("GET", re.compile(f"{run}/artifacts"), self._artifacts),
            ("GET", re.compile(rf"{REPOSITORY}/actions/artifacts/(?P<number>\d+)/zip"), self._artifact),
            ("GET", re.compile(f"{REPOSITORY}/contents/(?P<path>.+)"), self._contents),
        )

    def _run(self, request: Request, owner: str, name: str, number: str, attempt: str = "") -> Response:
        chosen = int(attempt) if attempt else None
        return json_response(200, self.runs.run(self._place(request, owner, name), int(number), chosen))

    def _artifacts(self, request: Request, owner: str, name: str, number: str) -> Response:
        return json_response(200, self.runs.artifacts(self._place(request, owner, name), int(number)))

    def _artifact(self, request: Request, owner: str, name: str, number: str) -> Response:
        return self.artifacts.address(self._place(request, owner, name), int(number))

    def _contents(self, request: Request, owner: str, name: str, path: str) -> Response:
        return json_response(200, self.runs.contents(self._place(request, owner, name), path))

    def _history(self, request: Request) -> Response:
        """Respond to the only GraphQL query of the platform: the changes to the text of a pull request."""
        query = json_body(request)
        named = query.get("variables", {}) if isinstance(query, dict) else {}
        history = self.threads.history(f"{named.get('owner')}/{named.get('name')}", int(named.get("number", 0)))
        return json_response(200, {"data": {"repository": history}})

    def _thread_routes(self) -> tuple[Route, ...]:
        threads, one = self.threads, r"(?P<number>\d+)"
        reading: dict[str, Callable[..., Any]] = {
            f"{REPOSITORY}/pulls": threads.list_pulls,
            f"{REPOSITORY}/issues": threads.list_issues,
            f"{REPOSITORY}/pulls/{one}": threads.get_pull,
            f"{REPOSITORY}/pulls/{one}/reviews": threads.list_reviews,
            f"{REPOSITORY}/issues/{one}/comments": threads.list_comments,
        }
        writing: dict[tuple[str, str], tuple[int, Callable[..., Any]]] = {
            ("POST", f"{REPOSITORY}/pulls"): (201, threads.create_pull),
            ("PATCH", f"{REPOSITORY}/pulls/{one}"): (200, threads.change_pull),
            ("POST", f"{REPOSITORY}/issues"): (201, threads.create_issue),
            ("PATCH", f"{REPOSITORY}/issues/{one}"): (200, threads.change_issue),
            ("POST", f"{REPOSITORY}/issues/{one}/labels"): (200, threads.add_labels),
            ("POST", f"{REPOSITORY}/issues/{one}/comments"): (201, threads.create_comment),
            ("PATCH", f"{REPOSITORY}/issues/comments/{one}"): (200, threads.change_comment),
        }
        return (
            ("GET", re.compile(f"{REPOSITORY}/collaborators/(?P<login>[^/]+)/permission"), self._permission),
            ("GET", re.compile(f"{REPOSITORY}/commits/(?P<commit>[0-9a-f]+)/pulls"), self._of_commit),
            *(("GET", re.compile(path), partial(self._read_threads, act)) for path, act in reading.items()),
            *((verb, re.compile(path), partial(self._write, *act)) for (verb, path), act in writing.items()),
        )

    def _rule_routes(self) -> tuple[Route, ...]:
        rulesets = self.rulesets

        def listed(request: Request, owner: str, name: str) -> Response:
            return json_response(200, rulesets.list_all(self._place(request, owner, name), request.args))

        def one(request: Request, owner: str, name: str, identity: str) -> Response:
            return json_response(200, rulesets.get(self._place(request, owner, name), int(identity)))

        def of_branch(request: Request, owner: str, name: str, branch: str) -> Response:
            return json_response(200, rulesets.of_branch(self._place(request, owner, name), branch))

        def branch(request: Request, owner: str, name: str, branch: str) -> Response:
            return json_response(200, rulesets.branch(self._place(request, owner, name), branch))

        return (
            ("GET", re.compile(f"{REPOSITORY}/rulesets"), listed),
            ("POST", re.compile(f"{REPOSITORY}/rulesets"), partial(self._write, 201, rulesets.create)),
            ("GET", re.compile(rf"{REPOSITORY}/rulesets/(?P<identity>\d+)"), one),
            ("GET", re.compile(f"{REPOSITORY}/rules/branches/(?P<branch>.+)"), of_branch),
            ("GET", re.compile(f"{REPOSITORY}/branches/(?P<branch>.+)"), branch),
        )

    def _setting_routes(self) -> tuple[Route, ...]:
        settings = self.settings
        reading: dict[str, Callable[..., Any]] = {
            "environments/(?P<rest>[^/]+)": settings.environment,
            "environments/(?P<rest>[^/]+)/deployment-branch-policies": settings.deployment_branches,
            "codeowners/errors": settings.codeowners,
            "actions/permissions": settings.permissions,
            "actions/permissions/workflow": settings.workflow_permissions,
            "actions/permissions/selected-actions": settings.selected,
            "actions/permissions/access": settings.access_level,
            "actions/runners": settings.list_runners,
            "actions/workflows": settings.list_workflows,
            "actions/artifacts": self.artifacts.list_all,
        }
        return tuple(
            ("GET", re.compile(f"{REPOSITORY}/{path}"), partial(self._read, act)) for path, act in reading.items()
        )

    def _read_threads(
        self, act: Callable[..., Any], request: Request, owner: str, name: str, number: str = ""
    ) -> Response:
        page = int(request.args.get("page", "1"))
        if page > 1:  # everything fits on the first page
            return json_response(200, [])
        return json_response(200, act(self._place(request, owner, name), int(number) if number else request.args))

    def _of_commit(self, request: Request, owner: str, name: str, commit: str) -> Response:
        return json_response(200, self.threads.of_commit(self._place(request, owner, name), commit))

    def _read(self, act: Callable[..., Any], request: Request, owner: str, name: str, rest: str = "") -> Response:
        """Respond with the result of `act` for a repository, the rest of the path and the query."""
        words = [rest] if rest else []
        return json_response(200, act(self._place(request, owner, name), *words, request.args))

    def _permission(self, request: Request, owner: str, name: str, login: str) -> Response:
        return json_response(200, self.threads.permission(self._place(request, owner, name), login))

    def _write(
        self, status: int, act: Callable[..., Any], request: Request, owner: str, name: str, number: str = ""
    ) -> Response:
        words = [int(number)] if number else []
        return json_response(status, act(self._place(request, owner, name), *words, json_body(request)))

    def _place(self, request: Request, owner: str, name: str) -> Place:
        if f"{owner}/{name}" in self.threads.absent:
            raise RejectedError(404, "Not Found")
        return Place(request_origin(request), owner, name, self.visibility)

    def _repository(self, request: Request, owner: str, name: str) -> Response:
        place = self._place(request, owner, name)
        return json_response(200, repository.describe(place.origin, owner, name, visibility=self.visibility))
