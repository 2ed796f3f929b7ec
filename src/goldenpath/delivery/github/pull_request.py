"""A pull request's conversation, through PyGithub: one comment of ours, kept up to date.

Source: GitHub REST API, "Issue comments" (a pull request is an issue).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.shared import github_api

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE, _PAGES_AT_MOST = 100, 10
_NOT_FOUND, _GONE = 404, 410
# GitHub's words for a comment that it does not take, and what they mean.
_MEANINGS = {
    "not accessible": "the token may not comment; give the job `permissions: pull-requests: write`",
    "is locked": "the conversation is locked; unlock it, or read the run's summary",
    "rate limit": "GitHub takes no more comments from this token for now; the run's summary says the same",
    "interaction": "the repository limits who may comment; the run's summary says the same",
}


@dataclass(frozen=True)
class CommentResult:
    """Whether the comment was written, and if not, `why`."""

    done: bool
    why: str = ""


class Conversation:
    """The conversation of the pull request `number` of `repository` (`owner/name`), with one token."""

    def __init__(self, api_url: str, token: str, repository: str, number: int) -> None:
        self._repository = github_api.connect(api_url, token).get_repo(repository)
        self._comments = f"{self._repository.url}/issues/{number}/comments"

    def say(self, marker: str, text: str) -> CommentResult:
        """Write `text`, which begins with `marker`, in place of our earlier comment with it. Raises nothing."""
        from github import GithubException  # noqa: PLC0415  a run without a pull request need not load it
        from requests.exceptions import RequestException  # noqa: PLC0415  the same

        try:
            earlier = next(self._ours(marker), None)
            if earlier is None or not self._replaced(earlier, text):
                self._call("POST", self._comments, text)
        except GithubException as error:
            words = str(error.data.get("message", "")) if isinstance(error.data, dict) else ""
            return CommentResult(done=False, why=_plainly(error.status, words))
        except RequestException as error:
            return CommentResult(done=False, why=f"GitHub's API does not answer: {error}")
        return CommentResult(done=True)

    def _replaced(self, comment: str, text: str) -> bool:
        """Write `text` into a comment; tell whether it was still there."""
        from github import GithubException  # noqa: PLC0415  as above

        try:
            self._call("PATCH", comment, text)
        except GithubException as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        return True

    def _ours(self, marker: str) -> Iterator[str]:
        """Yield the address of each comment of ours. A person may write the marker too; that comment is theirs."""
        for page in range(1, _PAGES_AT_MOST + 1):
            found = self._call("GET", f"{self._comments}?per_page={_PAGE}&page={page}")
            for each in found:
                if each.get("body", "").startswith(marker) and (each.get("user") or {}).get("type") == "Bot":
                    yield f"{self._repository.url}/issues/comments/{each['id']}"
            if len(found) < _PAGE:
                return

    def _call(self, verb: str, place: str, text: str = "") -> Any:  # noqa: ANN401  any JSON
        _, answer = self._repository.requester.requestJsonAndCheck(verb, place, input={"body": text} if text else None)
        return answer


def _plainly(status: int, words: str) -> str:
    """Return in plain words why GitHub refused a comment, and its own words."""
    if status in {_NOT_FOUND, _GONE}:
        meaning = "the pull request is not there any more, or the token may not read it"
    else:
        meaning = next((text for part, text in _MEANINGS.items() if part in words.lower()), "")
    return f"{meaning} (HTTP {status}: {words})" if meaning else f"HTTP {status}: {words}"
