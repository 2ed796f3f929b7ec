"""GitHub's REST API, through PyGithub: pull requests, comments and issues of one repository, written once each.

Everything is found again by what it carries, a branch, a label or a marker in its text, so that a second run changes
what the first one made. Source: GitHub REST API, "Pulls", "Issues", "Issue comments", "Pull request reviews".
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from github import GithubException
from requests.exceptions import RequestException

from goldenpath.errors import GithubRefused
from goldenpath.services import github_api

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from github.Issue import Issue
    from github.IssueComment import IssueComment
    from github.PullRequest import PullRequest
    from github.PullRequestReview import PullRequestReview

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE = 401, 403, 404, 410
# Who the token of a workflow's run is: it cannot ask GitHub for that ("Get the authenticated user" is closed to it).
_WORKFLOWS = "github-actions[bot]"
# "Get repository permissions for a user": who maintains is one who writes there.
_WRITERS = frozenset({"admin", "write"})
# GitHub refuses a longer text of a pull request, an issue or a comment.
LONGEST_TEXT = 65_536


@dataclass(frozen=True)
class Proposal:
    """A pull request as it is wanted: from the branch `head` into `base`, carrying `label`."""

    head: str
    base: str
    title: str
    body: str
    label: str


@dataclass(frozen=True)
class GithubThread:
    """A pull request or issue that is there: its number, its web page, and whether this call made it."""

    number: int
    url: str
    is_new: bool


@dataclass(frozen=True)
class Approval:
    """Who approved a pull request, and when."""

    login: str
    at: dt.datetime


class GithubRepository:
    """One repository (`owner/name`) of one GitHub (or GitHub Enterprise Server), with one token."""

    def __init__(self, api_url: str, token: str, name: str) -> None:
        self._github = github_api.connect(api_url, token)
        self._repository = self._github.get_repo(name)
        self.name = name

    def exists(self) -> bool:
        """Tell whether the repository is there, for this token, and takes issues. Raises `GithubRefused`."""
        with self.explained("look for the repository"):
            try:
                return self._repository.has_issues
            except GithubException as error:
                if error.status in {_NOT_FOUND, _GONE}:
                    return False
                raise

    def propose(self, wanted: Proposal) -> GithubThread:
        """Open the pull request, or bring the open one of the same two branches up to date. Raises `GithubRefused`."""
        with self.explained(f"open a pull request from {wanted.head}"):
            found = self._open_pull(wanted)
            pull = found or self._repository.create_pull(
                base=wanted.base, head=wanted.head, title=wanted.title, body=wanted.body
            )
            if found and (found.title, found.body) != (wanted.title, wanted.body):
                found.edit(title=wanted.title, body=wanted.body)
            if wanted.label not in [label.name for label in pull.labels]:
                pull.add_to_labels(wanted.label)
            return GithubThread(pull.number, pull.html_url, found is None)

    def comment(self, number: int, marker: str, body: str) -> None:
        """Say `body` in the thread `number`, once: a comment of ours that carries `marker` is rewritten.

        `marker` is added to the text, as a comment of HTML that people do not see. Raises `GithubRefused`.
        """
        text = _marked(marker, body)
        with self.explained(f"comment on #{number}"):
            thread = self._repository.get_issue(number)
            earlier = _own(thread, marker)
            if earlier is None:
                thread.create_comment(text)
            elif earlier.body != text:
                earlier.edit(text)

    def issue(self, marker: str, title: str, body: str, label: str) -> GithubThread:
        """Open the issue with `label` and `marker`, or bring the open one up to date. Raises `GithubRefused`."""
        text = _marked(marker, body)
        with self.explained(f"write the issue {title!a}"):
            for issue in self._repository.get_issues(state="open", labels=[label]):
                if _mark(marker) in (issue.body or ""):
                    if (issue.title, issue.body) != (title, text):
                        issue.edit(title=title, body=text)
                    return GithubThread(issue.number, issue.html_url, is_new=False)
            made = self._repository.create_issue(title=title, body=text, labels=[label])
            return GithubThread(made.number, made.html_url, is_new=True)

    def approvals(self, number: int, tip: str) -> tuple[Approval, ...]:
        """Return the approvals of the pull request `number` at its last commit `tip`: each reviewer's last decision.

        Only people with write access count, not programs and not everybody who may comment. Their access is looked up:
        what a review says of its author leaves out a private membership. Raises `GithubRefused`.
        """
        with self.explained(f"read the reviews of #{number}"):
            last: dict[str, PullRequestReview] = {}
            for review in self._repository.get_pull(number).get_reviews():
                if review.state != "COMMENTED" and review.user:
                    last[review.user.login] = review
            approving = sorted(login for login, review in last.items() if _approves(review, tip))
            return tuple(Approval(login, last[login].submitted_at) for login in approving if self._may_write(login))

    def get(self, path: str, wish: str) -> Any:  # noqa: ANN401  any JSON
        """Return what GitHub's API has at `path` below this repository; `None` when there is nothing.

        `wish` completes "could not …". Raises `GithubRefused`.
        """
        with self.explained(wish):
            try:
                return self._repository.requester.requestJsonAndCheck("GET", f"{self._repository.url}/{path}")[1]
            except GithubException as error:
                if error.status in {_NOT_FOUND, _GONE}:
                    return None
                raise

    def query(self, text: str, wish: str, **variables: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
        """Return the `repository` that the GraphQL query `text` selects. Raises `GithubRefused`, as `get` does.

        The query declares `$owner` and `$name`; they are this repository's.
        """
        owner, _, name = self.name.partition("/")
        with self.explained(wish):
            _, body = self._repository.requester.graphql_query(text, {"owner": owner, "name": name, **variables})
            found: dict[str, Any] = body["data"]["repository"]
            return found

    def _may_write(self, login: str) -> bool:
        return self._repository.get_collaborator_permission(login) in _WRITERS

    def _open_pull(self, wanted: Proposal) -> PullRequest | None:
        owner = self.name.partition("/")[0]
        found = self._repository.get_pulls(state="open", head=f"{owner}:{wanted.head}", base=wanted.base)
        return next((pull for pull in found if pull.head.ref == wanted.head), None)

    @contextmanager
    def explained(self, wish: str) -> Iterator[None]:
        """Turn what GitHub refuses into `GithubRefused`; `wish` completes "could not …"."""
        try:
            yield
        except GithubException as error:
            raise _refused(self.name, wish, error) from error
        except RequestException as error:
            raise GithubRefused(f"could not {wish}: GitHub's API does not answer", why=str(error), fix="run the job "
                                "again: a re-run goes on from where it stopped") from error  # fmt: skip


def _own(thread: Issue, marker: str) -> IssueComment | None:
    """Return the comment that a workflow of ours left with `marker`: anybody may write a marker."""
    return next((each for each in thread.get_comments() if _mark(marker) in each.body and _is_ours(each)), None)


def _is_ours(comment: IssueComment) -> bool:
    return bool(comment.user) and (comment.user.type, comment.user.login) == ("Bot", _WORKFLOWS)


def _approves(review: PullRequestReview, tip: str) -> bool:
    return review.user.type == "User" and review.state == "APPROVED" and review.commit_id == tip


def shortened(text: str, limit: int) -> str:
    """Return `text`, or as many of its lines as fit into `limit` characters and a line that says so."""
    if len(text) <= limit:
        return text
    told = "\n… (the rest is in the log of the run)"
    return text[: limit - len(told)].rpartition("\n")[0] + told


def _marked(marker: str, body: str) -> str:
    return f"{shortened(body, LONGEST_TEXT - len(_mark(marker)) - 1)}\n{_mark(marker)}"


def _mark(marker: str) -> str:
    return f"<!-- goldenpath: {marker} -->"


def _refused(name: str, wish: str, error: GithubException) -> GithubRefused:
    words = error.data.get("message", "") if isinstance(error.data, dict) else str(error.data)
    fix = "run the job again; if it persists, show this to the platform team"
    if error.status == _UNAUTHORIZED:
        fix = "the token has expired or is not one: run the job again"
    elif "GitHub Actions is not permitted to create" in words:
        fix = "allow it: Settings → Actions → General → Allow GitHub Actions to create and approve pull requests"
    elif error.status in {_FORBIDDEN, _NOT_FOUND}:
        fix = (
            "give the job `permissions: pull-requests: write`, `issues: write` and `actions: read`, and see that the "
            "repository exists"
        )
    return GithubRefused(f"could not {wish} in {name}", why=f"HTTP {error.status}: {words}", fix=fix)
