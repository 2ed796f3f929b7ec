"""GitHub on loopback: the OIDC token endpoint and the part of the REST API that delivery uses, as one application."""

from __future__ import annotations

import json
import re
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from goldenpath.local import github_repository, oidc
from goldenpath.local.answers import json_answer
from goldenpath.local.code_scanning import CodeScanning, RejectedError
from goldenpath.local.github_commits import Commits
from goldenpath.local.github_rules import Rulesets
from goldenpath.local.github_runs import Runs
from goldenpath.local.github_settings import Settings
from goldenpath.local.github_shapes import Place
from goldenpath.local.github_threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LARGEST_BODY = 16 << 20
_DOCUMENTATION = "https://docs.github.com/rest"
_NAME = r"[\w.-]+"
_UPLOADS = "/_local/uploads"


class GitHub:
    """A WSGI application. `token` is the one GITHUB_TOKEN it knows, `visibility` that of all its repositories."""

    def __init__(self, issuer: oidc.TokenIssuer, scanning: CodeScanning) -> None:
        self.token = secrets.token_urlsafe(32)
        self.visibility = "private"
        self._issuer = issuer
        self._scanning = scanning
        self.threads = Threads()
        self.rulesets = Rulesets()
        self.commits = Commits()
        self.settings = Settings()
        self.runs = Runs(self.threads.tick)
        repository = rf"/repos/(?P<owner>{_NAME})/(?P<name>{_NAME})"
        self._routes: tuple[tuple[str, re.Pattern[str], Callable[..., Response]], ...] = (
            ("GET", re.compile(repository), self._repository),
            ("GET", re.compile(f"{repository}/code-scanning/analyses"), self._analyses),
            ("POST", re.compile(f"{repository}/code-scanning/sarifs"), self._upload),
            ("GET", re.compile(f"{repository}/code-scanning/sarifs/(?P<upload>{_NAME})"), self._status),
            ("GET", re.compile(_UPLOADS), self._uploads),
            ("POST", re.compile("/graphql"), self._history),
            *self._run_routes(repository),
            *self._thread_routes(repository),
            *self._rule_routes(repository),
            *self._setting_routes(repository),
            ("GET", re.compile(rf"{repository}/compare/(?P<rest>.+)"), partial(self._read, self.commits.compare)),
            ("GET", re.compile(rf"{repository}/commits/(?P<rest>.+)"), partial(self._read, self.commits.get)),
            ("GET", re.compile(rf"{repository}/git/ref/(?P<rest>.+)"), partial(self._read, self.commits.ref)),
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI asks for it."""
        request = Request(environ)
        request.max_content_length = _LARGEST_BODY
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path == oidc.PATH:
            return self._issuer.answer(request)
        if not self._knows(request.headers.get("Authorization", "")):
            return _message(401, "Bad credentials")
        for method, pattern, answer in self._routes:
            found = pattern.fullmatch(request.path)
            if found and request.method == method:
                try:
                    return answer(request, **found.groupdict())
                except RejectedError as rejected:
                    return _message(rejected.status, rejected.message)
        return _message(404, "Not Found")

    def _knows(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() in {"bearer", "token"} and secrets.compare_digest(token.encode(), self.token.encode())

    def _run_routes(self, repository: str) -> tuple[tuple[str, re.Pattern[str], Callable[..., Response]], ...]:
        run = rf"{repository}/actions/runs/(?P<number>\d+)"
        return (
            ("GET", re.compile(run), self._run),
            ("GET", re.compile(rf"{run}/attempts/(?P<attempt>\d+)"), self._run),
            ("GET", re.compile(f"{run}/artifacts"), self._artifacts),
            ("GET", re.compile(f"{repository}/contents/(?P<path>.+)"), self._contents),
        )

    def _run(self, request: Request, owner: str, name: str, number: str, attempt: str = "") -> Response:
        chosen = int(attempt) if attempt else None
        return json_answer(200, self.runs.run(self._place(request, owner, name), int(number), chosen))

    def _artifacts(self, request: Request, owner: str, name: str, number: str) -> Response:
        return json_answer(200, self.runs.artifacts(self._place(request, owner, name), int(number)))

    def _contents(self, request: Request, owner: str, name: str, path: str) -> Response:
        return json_answer(200, self.runs.contents(self._place(request, owner, name), path))

    def _history(self, request: Request) -> Response:
        """Answer the one GraphQL query that delivery sends: how the text of a pull request was changed."""
        asked = _json(request)
        named = asked.get("variables", {}) if isinstance(asked, dict) else {}
        found = self.threads.history(f"{named.get('owner')}/{named.get('name')}", int(named.get("number", 0)))
        return json_answer(200, {"data": {"repository": found}})

    def _thread_routes(self, repository: str) -> tuple[tuple[str, re.Pattern[str], Callable[..., Response]], ...]:
        threads, one = self.threads, r"(?P<number>\d+)"
        reading: dict[str, Callable[..., Any]] = {
            f"{repository}/pulls": threads.list_pulls,
            f"{repository}/issues": threads.list_issues,
            f"{repository}/pulls/{one}": threads.get_pull,
            f"{repository}/pulls/{one}/reviews": threads.list_reviews,
            f"{repository}/issues/{one}/comments": threads.list_comments,
        }
        writing: dict[tuple[str, str], tuple[int, Callable[..., Any]]] = {
            ("POST", f"{repository}/pulls"): (201, threads.create_pull),
            ("PATCH", f"{repository}/pulls/{one}"): (200, threads.change_pull),
            ("POST", f"{repository}/issues"): (201, threads.create_issue),
            ("PATCH", f"{repository}/issues/{one}"): (200, threads.change_issue),
            ("POST", f"{repository}/issues/{one}/labels"): (200, threads.add_labels),
            ("POST", f"{repository}/issues/{one}/comments"): (201, threads.create_comment),
            ("PATCH", f"{repository}/issues/comments/{one}"): (200, threads.change_comment),
        }
        return (
            ("GET", re.compile(f"{repository}/collaborators/(?P<login>[^/]+)/permission"), self._permission),
            ("GET", re.compile(f"{repository}/commits/(?P<commit>[0-9a-f]+)/pulls"), self._of_commit),
            *(("GET", re.compile(path), partial(self._read_threads, act)) for path, act in reading.items()),
            *((verb, re.compile(path), partial(self._write, *act)) for (verb, path), act in writing.items()),
        )

    def _rule_routes(self, repository: str) -> tuple[tuple[str, re.Pattern[str], Callable[..., Response]], ...]:
        rulesets = self.rulesets

        def listed(request: Request, owner: str, name: str) -> Response:
            return json_answer(200, rulesets.list_all(self._place(request, owner, name), request.args))

        def one(request: Request, owner: str, name: str, identity: str) -> Response:
            return json_answer(200, rulesets.get(self._place(request, owner, name), int(identity)))

        def of_branch(request: Request, owner: str, name: str, branch: str) -> Response:
            return json_answer(200, rulesets.of_branch(self._place(request, owner, name), branch))

        def branch(request: Request, owner: str, name: str, branch: str) -> Response:
            return json_answer(200, rulesets.branch(self._place(request, owner, name), branch))

        return (
            ("GET", re.compile(f"{repository}/rulesets"), listed),
            ("POST", re.compile(f"{repository}/rulesets"), partial(self._write, 201, rulesets.create)),
            ("GET", re.compile(rf"{repository}/rulesets/(?P<identity>\d+)"), one),
            ("GET", re.compile(f"{repository}/rules/branches/(?P<branch>.+)"), of_branch),
            ("GET", re.compile(f"{repository}/branches/(?P<branch>.+)"), branch),
        )

    def _setting_routes(self, repository: str) -> tuple[tuple[str, re.Pattern[str], Callable[..., Response]], ...]:
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
            "actions/artifacts": settings.list_artifacts,
        }
        return tuple(
            ("GET", re.compile(f"{repository}/{path}"), partial(self._read, act)) for path, act in reading.items()
        )

    def _read_threads(
        self, act: Callable[..., Any], request: Request, owner: str, name: str, number: str = ""
    ) -> Response:
        page = int(request.args.get("page", "1"))
        if page > 1:  # everything fits on the first page
            return json_answer(200, [])
        return json_answer(200, act(self._place(request, owner, name), int(number) if number else request.args))

    def _of_commit(self, request: Request, owner: str, name: str, commit: str) -> Response:
        return json_answer(200, self.threads.of_commit(self._place(request, owner, name), commit))

    def _read(self, act: Callable[..., Any], request: Request, owner: str, name: str, rest: str = "") -> Response:
        """Answer with what `act` returns for a repository, for the rest of the path and for the query."""
        words = [rest] if rest else []
        return json_answer(200, act(self._place(request, owner, name), *words, request.args))

    def _permission(self, request: Request, owner: str, name: str, login: str) -> Response:
        return json_answer(200, self.threads.permission(self._place(request, owner, name), login))

    def _write(
        self, status: int, act: Callable[..., Any], request: Request, owner: str, name: str, number: str = ""
    ) -> Response:
        words = [int(number)] if number else []
        return json_answer(status, act(self._place(request, owner, name), *words, _json(request)))

    def _place(self, request: Request, owner: str, name: str) -> Place:
        if f"{owner}/{name}" in self.threads.absent:
            raise RejectedError(404, "Not Found")
        return Place(_origin(request), owner, name, self.visibility)

    def _repository(self, request: Request, owner: str, name: str) -> Response:
        self._place(request, owner, name)
        described = github_repository.describe(_origin(request), owner, name, visibility=self.visibility)
        return json_answer(200, described)

    def _analyses(self, _: Request, owner: str, name: str) -> Response:
        if self._scanning.refusal:
            return _message(403, self._scanning.refusal.value)
        taken = [each for each in self._scanning.uploads() if each.repository == f"{owner}/{name}"]
        # Which ones there are, nobody asks.
        return json_answer(200, []) if taken else _message(404, "no analysis found")

    def _upload(self, request: Request, owner: str, name: str) -> Response:
        upload = self._scanning.take(f"{owner}/{name}", _json(request))
        url = f"{_origin(request)}/repos/{owner}/{name}/code-scanning/sarifs/{upload.id}"
        return json_answer(202, {"id": upload.id, "url": url})

    def _status(self, request: Request, owner: str, name: str, upload: str) -> Response:
        found = self._scanning.look(f"{owner}/{name}", upload)
        if found is None:
            return _message(404, "Not Found")
        status, taken = found
        analyses = f"{_origin(request)}/repos/{owner}/{name}/code-scanning/analyses?sarif_id={upload}"
        body: dict[str, Any] = {"processing_status": status}
        body |= {"analyses_url": analyses} if status == "complete" else {}
        body |= {"errors": list(taken.errors)} if status == "failed" else {}
        return json_answer(200, body)

    def _uploads(self, _: Request) -> Response:
        fields = ("id", "repository", "commit_sha", "ref", "tool_name", "tools", "categories", "errors", "sarif")
        return json_answer(200, [{f: getattr(upload, f) for f in fields} for upload in self._scanning.uploads()])


def _json(request: Request) -> object:
    try:
        return json.loads(request.get_data())
    except RequestEntityTooLarge:
        raise RejectedError(413, "The SARIF file is too large.") from None
    except (ValueError, BadRequest):
        raise RejectedError(400, "Problems parsing JSON") from None


def _message(status: int, message: str) -> Response:
    return json_answer(status, {"message": message, "documentation_url": _DOCUMENTATION, "status": str(status)})


def _origin(request: Request) -> str:
    return request.host_url.rstrip("/")
