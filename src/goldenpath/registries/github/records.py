"""The records of GitHub that nobody with write access can change: merged pull requests, runs, and edits of a text.

Sources: GitHub REST API, "List pull requests associated with a commit", "Get a pull request", "List pull requests",
"Get a workflow run attempt", "List workflow run artifacts"; GraphQL API, `PullRequest.lastEditedAt`,
`PullRequest.userContentEdits` and `PullRequest.timelineItems`.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from goldenpath.shared.errors import GithubRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.registries.github.repository import GithubRepository

Pull = dict[str, Any]
_PAGE = 100
_KIND = "__typename"
# GitHub pushes a merge first and marks its pull request as merged a moment later, so a run that starts at once may come
# too early (quantumlib/Cirq#7927, release-drafter/release-drafter#322).
PAUSES = (1, 2, 4, 8, 16)
# GraphQL, because REST keeps no history of a description: its `updated_at` changes with every label (ADR 0015).
_HISTORY = """
query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      lastEditedAt
      editor { __typename login }
      userContentEdits(first: 100) { nodes { editedAt editor { __typename login } } pageInfo { hasNextPage } }
      timelineItems(first: 100, itemTypes: [RENAMED_TITLE_EVENT, REOPENED_EVENT]) {
        nodes {
          __typename
          ... on RenamedTitleEvent { createdAt actor { __typename login } }
          ... on ReopenedEvent { createdAt actor { __typename login } }
        }
        pageInfo { hasNextPage }
      }
    }
  }
}
"""


def merged_pull_requests(repository: GithubRepository, commit: str, base: str, *, awaited: bool) -> tuple[Pull, ...]:
    """Return the merged pull requests into the branch `base` that GitHub associates with `commit`.

    With `awaited`, retry for half a minute while there is none. Raises `GithubRefused`.
    """
    wish = f"find the pull request of the commit {commit}"
    for pause in (0, *(PAUSES if awaited else ())):
        time.sleep(pause)
        associated = repository.get(f"commits/{commit}/pulls?per_page={_PAGE}", wish) or ()
        merged = [pull for pull in associated if pull.get("merged_at") and (pull.get("base") or {}).get("ref") == base]
        if merged:
            return tuple(merged)
    return ()


def pull_request(repository: GithubRepository, number: int) -> Pull:
    """Return GitHub's full description of the pull request `number`. Raises `GithubRefused`."""
    wish = f"read pull request #{number}"
    pull: Pull | None = repository.get(f"pulls/{number}", wish)
    if pull is None:
        raise GithubRefused(
            f"Could not {wish} in {repository.name}", why="GitHub has none of that number", fix="Run the wizard again"
        )
    return pull


def newest_merged(repository: GithubRepository, branch: str, base: str) -> int | None:
    """Return the number of the newest merged pull request from `branch` of this repository into `base`.

    `None` when none was merged. Raises `GithubRefused`.
    """
    owner = repository.name.partition("/")[0]
    filters = {"state": "closed", "head": f"{owner}:{branch}", "base": base, "sort": "updated", "direction": "desc"}
    path = f"pulls?{urlencode({**filters, 'per_page': _PAGE})}"
    closed = repository.get(path, f"list the pull requests of {branch}") or ()
    merged = [(pull["merged_at"], pull["number"]) for pull in closed if pull.get("merged_at")]
    # GitHub can only sort by the last update, which any later comment is: the time of the merge decides.
    return max(merged)[1] if merged else None


@dataclass(frozen=True)
class Account:
    """A GitHub account; `is_person` is false for apps, workflows and accounts that no longer exist."""

    login: str
    is_person: bool


@dataclass(frozen=True)
class RunAttempt:
    """One attempt of a workflow run: the `workflow` file, where it ran, and the accounts that started it."""

    workflow: str
    repository: str
    branch: str
    event: str
    started: dt.datetime
    accounts: tuple[Account, ...]


@dataclass(frozen=True)
class TextChange:
    """A change of a pull request: who made it, and when."""

    by: Account
    at: dt.datetime


@dataclass(frozen=True)
class TextHistory:
    """Every edit of a pull request's title and description, and every time it was reopened."""

    edits: tuple[TextChange, ...]
    reopened: tuple[TextChange, ...]


def attempts(repository: GithubRepository, run: int) -> tuple[RunAttempt, ...]:
    """Return every attempt of the workflow run, oldest first; empty when there is no such run.

    Raises `GithubRefused`.
    """
    # Every attempt, not the latest only: whoever ran the workflow again has asked as well.
    wish = f"read the workflow run {run}"
    latest = repository.get(f"actions/runs/{run}", wish)
    if latest is None:
        return ()
    numbers = range(1, int(latest.get("run_attempt") or 1) + 1)
    bodies = [repository.get(f"actions/runs/{run}/attempts/{number}", wish) for number in numbers]
    if None in bodies:
        raise GithubRefused(
            f"Could not {wish} in {repository.name}", why="GitHub does not have each of its attempts", fix="Run the "
            "workflow again that proposed this"
        )  # fmt: skip
    return tuple(map(_attempt, bodies))


def artifact_names(repository: GithubRepository, run: int) -> frozenset[str]:
    """Return the names of the artifacts of the workflow run. Raises `GithubRefused`."""
    # Only a job of the run itself can upload one. Others may delete an artifact, but cannot put another in its place.
    body = repository.get(f"actions/runs/{run}/artifacts?per_page={_PAGE}", f"list the artifacts of the run {run}")
    return frozenset(str(artifact["name"]) for artifact in (body or {}).get("artifacts", ()))


def text_history(repository: GithubRepository, number: int) -> TextHistory:
    """Return the edits of the pull request `number`. Raises `GithubRefused`."""
    wish = f"read the history of #{number}"
    pull = repository.query(_HISTORY, wish, number=number)["pullRequest"]
    # GitHub may omit the list of edits, but always names the latest one.
    recorded = pull["userContentEdits"] or {"nodes": [], "pageInfo": {"hasNextPage": False}}
    events = pull["timelineItems"]
    # Not paged through: who edits a text a hundred times wants the earlier edits forgotten.
    if recorded["pageInfo"]["hasNextPage"] or events["pageInfo"]["hasNextPage"]:
        raise GithubRefused(
            f"Could not {wish} in {repository.name}", why=f"It was changed more than {_PAGE} times", fix="Close it and "
            "run the workflow again: it opens a new pull request"
        )  # fmt: skip
    edits = {TextChange(_account(edit["editor"], _KIND), _time(edit["editedAt"])) for edit in recorded["nodes"]}
    if pull["lastEditedAt"]:
        edits.add(TextChange(_account(pull["editor"], _KIND), _time(pull["lastEditedAt"])))
    edits |= {*_happened(events, "RenamedTitleEvent")}
    return TextHistory(tuple(sorted(edits, key=lambda change: change.at)), _happened(events, "ReopenedEvent"))


def _happened(events: Mapping[str, Any], kind: str) -> tuple[TextChange, ...]:
    return tuple(
        TextChange(_account(event["actor"], _KIND), _time(event["createdAt"]))
        for event in events["nodes"]
        if event[_KIND] == kind
    )


def _attempt(body: Mapping[str, Any]) -> RunAttempt:
    return RunAttempt(
        # GitHub may add the branch: `.github/workflows/x.yml@main`.
        workflow=str(body["path"]).partition("@")[0],
        repository=str((body.get("head_repository") or {}).get("full_name", "")),
        branch=str(body.get("head_branch") or ""),
        event=str(body["event"]),
        started=_time(body["run_started_at"]),
        accounts=tuple(_account(body.get(who), "type") for who in ("actor", "triggering_actor")),
    )


def _account(actor: Mapping[str, Any] | None, kind: str) -> Account:
    return Account(str((actor or {}).get("login", "")), (actor or {}).get(kind) == "User")


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
