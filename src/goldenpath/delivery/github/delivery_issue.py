"""One issue about an image and an environment in the app's repository, kept up to date and closed, through PyGithub.

Source: GitHub REST API, "Issues": list repository issues, create and update an issue; "Issue comments".
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.shared import github_api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from github.Repository import Repository

LABEL = "goldenpath-delivery"
# GitHub's words when it refuses to write an issue, and their meaning.
_MEANINGS = {
    "not accessible": "the token may not write issues; give the job `permissions: issues: write`",
    "disabled": "issues are switched off in this repository (Settings → Features)",
    "rate limit": "GitHub accepts no more issues from this token for now",
}
_RUN = re.compile(r"<!-- goldenpath-run: (\d{1,20}) -->")
_CLOSED = {"state": "closed", "state_reason": "completed"}
_DUPLICATE = {"state": "closed", "state_reason": "not_planned"}


@dataclass(frozen=True)
class IssueChange:
    """What became of the issue: `why` it could not be written is empty where it could. 0 is the number of no issue."""

    did: str
    number: int = 0
    url: str = ""
    why: str = ""


class DeliveryIssue:
    """The issue with the marker `name` in `repository` (`owner/name`), as the workflow run with the id `run` sees it.

    A run writes nothing over what a later run wrote. No method raises.
    """

    def __init__(self, api_url: str, token: str, repository: str, name: str, run: int) -> None:
        self._api_url, self._token, self._full_name = api_url, token, repository
        self._name, self._run = name, run

    def open(self, title: str, text: str) -> IssueChange:
        """Open the issue with `title` and `text`, or update it, or open it again."""
        changes = [IssueChange("not written")]
        with _explained(changes):
            changes.append(self._opened(self._repository(), title, self._body(text)))
        return changes[-1]

    def close(self, comment: str) -> IssueChange:
        """Close the issue where it is open, and say why in a `comment`."""
        changes = [IssueChange("not closed")]
        with _explained(changes):
            changes.append(self._resolved(self._repository(), comment))
        return changes[-1]

    def _opened(self, repository: Repository, title: str, body: str) -> IssueChange:
        issues = github_api.issues(repository, LABEL, self._name)
        is_new = not issues
        if is_new:
            wanted = {"title": title, "body": body, "labels": [LABEL]}
            made = _write(repository, "POST", "issues", wanted)
            # Another run may have made one at the same time: both then keep the older one. A list may lag behind.
            issues = github_api.issues(repository, LABEL, self._name) or (made,)
        opened = [issue for issue in issues if issue["state"] == "open"]
        kept = opened[0] if opened else issues[-1]
        for duplicate in opened[1:]:
            _write(repository, "PATCH", f"issues/{duplicate['number']}", _DUPLICATE)
        if self._is_later(kept):
            return _change("left as a later run wrote it", kept)
        if (kept["title"], kept["body"], kept["state"]) != (title, body, "open"):
            _write(repository, "PATCH", f"issues/{kept['number']}", {"title": title, "body": body, "state": "open"})
        return _change("opened" if is_new else "up to date", kept)

    def _resolved(self, repository: Repository, comment: str) -> IssueChange:
        issues = github_api.issues(repository, LABEL, self._name)
        closed = IssueChange("not open")
        for issue in issues:
            if issue["state"] != "open" or self._is_later(issue):
                continue
            # The run of the closing is kept, so that an earlier run that ends later does not open it again.
            body = _RUN.sub(f"<!-- goldenpath-run: {self._run} -->", issue["body"], count=1)
            _write(repository, "PATCH", f"issues/{issue['number']}", {**_CLOSED, "body": body})
            _write(repository, "POST", f"issues/{issue['number']}/comments", {"body": comment})
            closed = _change("closed", issue)
        return closed

    def _body(self, text: str) -> str:
        return f"{github_api.marker_line(self._name)}\n<!-- goldenpath-run: {self._run} -->\n\n{text}"

    def _is_later(self, issue: dict[str, Any]) -> bool:
        written = _RUN.search(issue["body"] or "")
        return bool(written and int(written[1]) > self._run)

    def _repository(self) -> Repository:
        return github_api.connect(self._api_url, self._token).get_repo(self._full_name)


def _write(repository: Repository, verb: str, path: str, content: dict[str, Any]) -> dict[str, Any]:
    _, written = repository.requester.requestJsonAndCheck(verb, f"{repository.url}/{path}", input=content)
    return dict(written)


def _change(did: str, issue: dict[str, Any]) -> IssueChange:
    return IssueChange(did, issue["number"], issue["html_url"])


@contextmanager
def _explained(changes: list[IssueChange]) -> Iterator[None]:
    """Append the reason for which GitHub did not take what the block sends."""
    from github import GithubException  # noqa: PLC0415  most stages need not load it
    from requests.exceptions import RequestException  # noqa: PLC0415  the same

    try:
        yield
    except GithubException as error:
        changes.append(IssueChange(changes[0].did, why=_plainly(error.status, github_api.message(error))))
    except RequestException as error:
        changes.append(IssueChange(changes[0].did, why=f"GitHub's API does not respond: {error}"))


def _plainly(status: int, words: str) -> str:
    """Return in plain words why GitHub refused, and its own words."""
    meaning = next((text for part, text in _MEANINGS.items() if part in words.lower()), "")
    return f"{meaning} (HTTP {status}: {words})" if meaning else f"HTTP {status}: {words}"
