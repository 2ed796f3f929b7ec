"""What GitHub itself records of workflow runs and pull requests, and nobody with write access can rewrite.

Source: GitHub REST API, "Get a workflow run", "Get a workflow run attempt", "List workflow run artifacts"; GraphQL API,
`PullRequest.lastEditedAt`, `PullRequest.userContentEdits` and `PullRequest.timelineItems`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.errors import GithubRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.registries.github.repository import Repository

_PAGE = 100
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


@dataclass(frozen=True)
class Account:
    """A GitHub account; `is_person` is false for apps, workflows and accounts that no longer exist."""

    login: str
    is_person: bool


@dataclass(frozen=True)
class Attempt:
    """One attempt of a workflow run: the `workflow` file, where it ran, and the accounts that started it."""

    workflow: str
    repository: str
    branch: str
    event: str
    started: dt.datetime
    accounts: tuple[Account, ...]


@dataclass(frozen=True)
class Change:
    """A change that somebody made to a pull request, and when."""

    by: Account
    at: dt.datetime


@dataclass(frozen=True)
class TextHistory:
    """Every change of a pull request's title and description, and every time it was opened again."""

    edits: tuple[Change, ...]
    reopened: tuple[Change, ...]


def attempts(repository: Repository, run: int) -> tuple[Attempt, ...]:
    """Return every attempt of the workflow run, the first one first; empty when there is no such run.

    Raises `GithubRefused`.
    """
    wish = f"read the workflow run {run}"
    latest = repository.get(f"actions/runs/{run}", wish)
    if latest is None:
        return ()
    bodies = [repository.get(f"actions/runs/{run}/attempts/{number}", wish) for number in _numbers(latest)]
    if None in bodies:
        raise GithubRefused(
            f"could not {wish} in {repository.name}", why="GitHub does not have each of its attempts", fix="run the "
            "workflow again that proposed this"
        )  # fmt: skip
    return tuple(map(_attempt, bodies))


def artifact_names(repository: Repository, run: int) -> frozenset[str]:
    """Return the name of every artifact of the workflow run. Raises `GithubRefused`.

    Only a job of the run itself can give it an artifact; whoever else deletes one cannot put another in its place.
    """
    body = repository.get(f"actions/runs/{run}/artifacts?per_page={_PAGE}", f"list the artifacts of the run {run}")
    return frozenset(str(each["name"]) for each in (body or {}).get("artifacts", ()))


def text_history(repository: Repository, number: int) -> TextHistory:
    """Return how title and description of the pull request `number` were changed. Raises `GithubRefused`."""
    wish = f"read the history of #{number}"
    pull = repository.query(_HISTORY, wish, number=number)["pullRequest"]
    # GitHub may leave out the list of edits; it names the last one in any case.
    listed = pull["userContentEdits"] or {"nodes": [], "pageInfo": {"hasNextPage": False}}
    events = pull["timelineItems"]
    if listed["pageInfo"]["hasNextPage"] or events["pageInfo"]["hasNextPage"]:
        raise GithubRefused(
            f"could not {wish} in {repository.name}", why=f"it was changed more than {_PAGE} times", fix="close it and "
            "run the workflow again: it opens a new pull request"
        )  # fmt: skip
    edits = {Change(_of_graphql(each["editor"]), _time(each["editedAt"])) for each in listed["nodes"]}
    if pull["lastEditedAt"]:
        edits.add(Change(_of_graphql(pull["editor"]), _time(pull["lastEditedAt"])))
    edits |= {*_happened(events, "RenamedTitleEvent")}
    return TextHistory(tuple(sorted(edits, key=lambda change: change.at)), _happened(events, "ReopenedEvent"))


def _happened(events: Mapping[str, Any], kind: str) -> tuple[Change, ...]:
    return tuple(
        Change(_of_graphql(each["actor"]), _time(each["createdAt"]))
        for each in events["nodes"]
        if each["__typename"] == kind
    )


def _numbers(latest: Mapping[str, Any]) -> range:
    return range(1, int(latest.get("run_attempt") or 1) + 1)


def _attempt(body: Mapping[str, Any]) -> Attempt:
    return Attempt(
        # GitHub may add the branch: `.github/workflows/x.yml@main`.
        str(body["path"]).partition("@")[0],
        str((body.get("head_repository") or {}).get("full_name", "")),
        str(body.get("head_branch") or ""),
        str(body["event"]),
        _time(body["run_started_at"]),
        (_of_rest(body.get("actor")), _of_rest(body.get("triggering_actor"))),
    )


def _of_rest(user: Mapping[str, Any] | None) -> Account:
    return Account(str((user or {}).get("login", "")), (user or {}).get("type") == "User")


def _of_graphql(actor: Mapping[str, Any] | None) -> Account:
    return Account(str((actor or {}).get("login", "")), (actor or {}).get("__typename") == "User")


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
