"""A double of GitHub's workflow runs, their artifacts, and the files of repositories.

`tests/contract` compares its responses with GitHub's OpenAPI description. It runs no workflow: callers of `start`,
`again` and `keep` say what a run did.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.local.github.code_scanning import RejectedError
from tests.doubles.github import repository as github_repository
from tests.doubles.github.shapes import stamp

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from tests.doubles.github.shapes import Place

Body = dict[str, Any]


@dataclass
class Run:
    """One workflow run: `starters` are the logins that started its attempts; the first one is its actor."""

    workflow: str
    branch: str
    event: str
    starters: list[str]
    started: dt.datetime
    artifacts: list[str] = field(default_factory=list)
    commit: str = "0" * 40


class Runs:
    """Every run and every file of every repository; `now` returns the time."""

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        self.files: dict[str, dict[str, str]] = {}
        self._now = now
        self._runs: dict[tuple[str, int], Run] = {}

    def start(
        self, repository: str, number: int, workflow: str, actor: str, branch: str, event: str = "workflow_dispatch"
    ) -> Run:
        """Let `actor` start the run `number` of the `workflow`, a path, on `branch`."""
        return self._runs.setdefault((repository, number), Run(workflow, branch, event, [actor], self._now()))

    def again(self, repository: str, number: int, actor: str) -> int:
        """Let `actor` run the run `number` again; return the number of the attempt."""
        run = self._runs[repository, number]
        run.starters.append(actor)
        return len(run.starters)

    def keep(self, repository: str, number: int, artifact: str) -> None:
        """Let the run `number` leave an artifact."""
        self._runs[repository, number].artifacts.append(artifact)

    def run(self, place: Place, number: int, attempt: int | None = None) -> Body:
        """Respond to "Get a workflow run" and, with an `attempt`, "Get a workflow run attempt"."""
        run = self._run(place, number)
        chosen = len(run.starters) if attempt is None else attempt
        if not 1 <= chosen <= len(run.starters):
            raise RejectedError(404, "Not Found")
        return _described(place, number, run, chosen)

    def artifacts(self, place: Place, number: int) -> Body:
        """Respond to "List workflow run artifacts"."""
        names = self._run(place, number).artifacts
        listed = [_artifact(place, identity, name) for identity, name in enumerate(names, 1)]
        return {"total_count": len(listed), "artifacts": listed}

    def contents(self, place: Place, path: str) -> Body | list[Body]:
        """Respond to "Get repository content" of a file or a folder on the default branch."""
        files = self.files.get(place.repository, {})
        if path in files:
            return _file(place, path, files[path], whole=True)
        inside = [file for file in files if file.rpartition("/")[0] == path]
        if not inside:
            raise RejectedError(404, "Not Found")
        return [_file(place, file, files[file], whole=False) for file in sorted(inside)]

    def _run(self, place: Place, number: int) -> Run:
        run = self._runs.get((place.repository, number))
        if run is None:
            raise RejectedError(404, "Not Found")
        return run


def _described(place: Place, number: int, run: Run, attempt: int) -> Body:
    url = f"{place.url}/actions/runs/{number}"
    repository = github_repository.describe(place.origin, place.owner, place.name, visibility=place.visibility)
    signature = {"name": "dev", "email": "dev@example.com"}
    commit = {
        "id": run.commit, "tree_id": run.commit, "message": "The platform", "timestamp": stamp(run.started),
        "author": signature, "committer": signature,
    }  # fmt: skip
    links = ("jobs", "logs", "cancel", "rerun", "artifacts")
    return {
        "id": number,
        "node_id": "W_local",
        "name": run.workflow,
        "path": run.workflow,
        "head_branch": run.branch,
        "head_sha": run.commit,
        "head_commit": commit,
        "run_number": number,
        "run_attempt": attempt,
        "display_title": run.workflow,
        "event": run.event,
        "status": "completed",
        "conclusion": "success",
        "workflow_id": 1,
        "workflow_url": f"{place.url}/actions/workflows/1",
        "check_suite_url": f"{place.url}/check-suites/1",
        "url": url,
        "html_url": f"{place.page}/actions/runs/{number}",
        "pull_requests": [],
        **dict.fromkeys(("created_at", "updated_at", "run_started_at"), stamp(run.started)),
        "actor": github_repository.person(place.origin, run.starters[0]),
        "triggering_actor": github_repository.person(place.origin, run.starters[attempt - 1]),
        "repository": repository,
        "head_repository": repository,
        **{f"{name}_url": f"{url}/{name}" for name in links},
    }


def _artifact(place: Place, identity: int, name: str) -> Body:
    url = f"{place.url}/actions/artifacts/{identity}"
    return {
        "id": identity, "node_id": "A_local", "name": name, "size_in_bytes": 1, "url": url, "expired": False,
        "archive_download_url": f"{url}/zip", "created_at": None, "updated_at": None, "expires_at": None,
    }  # fmt: skip


def _file(place: Place, path: str, text: str, *, whole: bool) -> Body:
    url, page = f"{place.url}/contents/{path}", f"{place.page}/blob/HEAD/{path}"
    links = {"self": url, "git": url, "html": page}
    content: Mapping[str, str] = {"content": base64.b64encode(text.encode()).decode(), "encoding": "base64"}
    return {
        "type": "file", "name": path.rpartition("/")[2], "path": path, "sha": "0" * 40, "size": len(text.encode()),
        "url": url, "git_url": url, "html_url": page, "download_url": page, "_links": links,
        **(content if whole else {}),
    }  # fmt: skip
