"""The wing's GitHub client: pull requests, comments, issues and reviews of one repository, through PyGithub.

Every write is idempotent: what an earlier run made is recognized by its branch, label or marker, and updated.
Source: GitHub REST API, "Pulls", "Issues", "Issue comments", "Pull request reviews".
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from github import GithubException
from requests.exceptions import RequestException

from goldenpath.shared import github_api
from goldenpath.shared.errors import GithubRefused
from goldenpath.shared.github_api import GONE, NOT_FOUND, has_marker, marker_line

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from github.PullRequest import PullRequest
    from github.PullRequestReview import PullRequestReview

_UNAUTHORIZED, _FORBIDDEN = 401, 403
# "Get repository permissions for a user": the role `maintain` is reported as `write`.
_WRITERS = frozenset({"admin", "write"})
# The longest text of a pull request, an issue or a comment, in characters.
LONGEST_TEXT = 65_536


@dataclass(frozen=True)
class Proposal:
    """A pull request to open, or to update: from the branch `head` into `base`, with `label`."""

    head: str
    base: str
    title: str
    body: str
    label: str


@dataclass(frozen=True)
class GithubThread:
    """A pull request or issue: its number, its web page, and whether this call created it."""

    number: int
    url: str
    is_new: bool


@dataclass(frozen=True)
class Approval:
    """An approval of a pull request."""

    login: str
    at: dt.datetime


class GithubRepository:
    """One repository (`owner/name`) of one GitHub (or GitHub Enterprise Server), with one token."""

    def __init__(self, api_url: str, token: str, name: str) -> None:
        self._github = github_api.connect(api_url, token)
        self._repository = self._github.get_repo(name)
        self.name = name

    def exists(self) -> bool:
        """Tell whether this token can see the repository, and it has issues enabled. Raises `GithubRefused`."""
        with self.explained("look for the repository"):
            try:
                return self._repository.has_issues
            except GithubException as error:
                if error.status in {NOT_FOUND, GONE}:
                    return False
                raise

    def propose(self, proposal: Proposal) -> GithubThread:
        """Open the pull request, or update the open one of the same two branches. Raises `GithubRefused`."""
        with self.explained(f"open a pull request from {proposal.head}"):
            present = self._open_pull(proposal)
            pull = present or self._repository.create_pull(
                base=proposal.base, head=proposal.head, title=proposal.title, body=proposal.body
            )
            if present and (present.title, present.body) != (proposal.title, proposal.body):
                present.edit(title=proposal.title, body=proposal.body)
            if proposal.label not in [label.name for label in pull.labels]:
                pull.add_to_labels(proposal.label)
            return GithubThread(pull.number, pull.html_url, present is None)

    def comment(self, number: int, marker: str, body: str) -> None:
        """Write the comment `body` in the thread `number`; our comment with the same `marker` is updated.

        `marker` is added to the text as an HTML comment, which GitHub does not display. Raises `GithubRefused`.
        """
        with self.explained(f"comment on #{number}"):
            github_api.write_comment(self._repository, number, marker, _marked(marker, body))

    def issue(self, marker: str, title: str, body: str, label: str) -> GithubThread:
        """Open the issue with `label` and `marker`, or update the open one. Raises `GithubRefused`."""
        text = _marked(marker, body)
        with self.explained(f"write the issue {title!a}"):
            for issue in self._repository.get_issues(state="open", labels=[label]):
                if has_marker(issue.body, marker):
                    if (issue.title, issue.body) != (title, text):
                        issue.edit(title=title, body=text)
                    return GithubThread(issue.number, issue.html_url, is_new=False)
            made = self._repository.create_issue(title=title, body=text, labels=[label])
            return GithubThread(made.number, made.html_url, is_new=True)

    def approvals(self, number: int, tip: str) -> tuple[Approval, ...]:
        """Return the approvals of the pull request `number` at its last commit `tip` by people with write access.

        Of every reviewer the latest decision counts. Raises `GithubRefused`.
        """
        # The access is looked up: `author_association` of a review hides a private membership, and anybody who can
        # read a repository may submit an approving review.
        with self.explained(f"read the reviews of #{number}"):
            last: dict[str, PullRequestReview] = {}
            for review in self._repository.get_pull(number).get_reviews():
                if review.state != "COMMENTED" and review.user:
                    last[review.user.login] = review
            approving = sorted(login for login, review in last.items() if _approves(review, tip))
            return tuple(Approval(login, last[login].submitted_at) for login in approving if self._may_write(login))

    def get(self, path: str, wish: str) -> Any:  # noqa: ANN401  any JSON
        """Return the JSON at `path` below this repository; `None` for 404 and 410.

        `wish` completes "Could not …". Raises `GithubRefused`.
        """
        with self.explained(wish):
            try:
                return self._repository.requester.requestJsonAndCheck("GET", f"{self._repository.url}/{path}")[1]
            except GithubException as error:
                if error.status in {NOT_FOUND, GONE}:
                    return None
                raise

    def query(self, text: str, wish: str, **variables: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
        """Return the `repository` in the response to the GraphQL query `text`. Raises as `get` does.

        The variables `$owner` and `$name` are filled in.
        """
        owner, _, name = self.name.partition("/")
        with self.explained(wish):
            _, body = self._repository.requester.graphql_query(text, {"owner": owner, "name": name, **variables})
            selected: dict[str, Any] = body["data"]["repository"]
            return selected

    def _may_write(self, login: str) -> bool:
        return self._repository.get_collaborator_permission(login) in _WRITERS

    def _open_pull(self, proposal: Proposal) -> PullRequest | None:
        owner = self.name.partition("/")[0]
        pulls = self._repository.get_pulls(state="open", head=f"{owner}:{proposal.head}", base=proposal.base)
        # GitHub ignores a `head` of a form that it does not expect, and lists every pull request.
        return next((pull for pull in pulls if pull.head.ref == proposal.head), None)

    @contextmanager
    def explained(self, wish: str) -> Iterator[None]:
        """Turn errors of GitHub into `GithubRefused`; `wish` completes "Could not …"."""
        try:
            yield
        except GithubException as error:
            raise _refused(self.name, wish, error) from error
        except RequestException as error:
            raise GithubRefused(f"Could not {wish}: GitHub's API does not respond", why=str(error), fix="Run the job "
                                "again: a re-run goes on from where it stopped") from error  # fmt: skip


def _approves(review: PullRequestReview, tip: str) -> bool:
    return review.user.type == "User" and review.state == "APPROVED" and review.commit_id == tip


def shortened(text: str, limit: int) -> str:
    """Return `text`, cut after a whole line to at most `limit` characters, with a notice of the cut."""
    if len(text) <= limit:
        return text
    notice = "\n… (the rest is in the log of the run)"
    return text[: limit - len(notice)].rpartition("\n")[0] + notice


def _marked(marker: str, body: str) -> str:
    line = marker_line(marker)
    return f"{shortened(body, LONGEST_TEXT - len(line) - 1)}\n{line}"


def _refused(name: str, wish: str, error: GithubException) -> GithubRefused:
    words = github_api.message(error)
    fix = "Run the job again; if it persists, show this to the platform team"
    if error.status == _UNAUTHORIZED:
        fix = "The token has expired or is not one: run the job again"
    elif "GitHub Actions is not permitted to create" in words:
        fix = "Allow it: Settings → Actions → General → Allow GitHub Actions to create and approve pull requests"
    elif error.status in {_FORBIDDEN, NOT_FOUND}:
        fix = (
            "Give the job `permissions: pull-requests: write`, `issues: write` and `actions: read`, and see that the "
            "repository exists"
        )
    return GithubRefused(f"Could not {wish} in {name}", why=f"HTTP {error.status}: {words}", fix=fix)
