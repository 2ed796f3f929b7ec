"""A pull request's conversation, through PyGithub: one comment of ours, kept up to date.

Source: GitHub REST API, "Issue comments" (a pull request is an issue).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from github import GithubException
from requests.exceptions import RequestException

from goldenpath.services import github_api

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE, _PAGES_AT_MOST = 100, 10


@dataclass(frozen=True)
class Said:
    """What became of a comment: `done`, or `why` it was not written."""

    done: bool
    why: str = ""


class Conversation:
    """The conversation of the pull request `number` of `repository` (`owner/name`), with one token."""

    def __init__(self, api_url: str, token: str, repository: str, number: int) -> None:
        self._repository = github_api.connect(api_url, token).get_repo(repository)
        self._comments = f"{self._repository.url}/issues/{number}/comments"

    def say(self, marker: str, text: str) -> Said:
        """Write `text`, which begins with `marker`, in place of our earlier comment with it. Raises nothing."""
        try:
            earlier = next(self._ours(marker), None)
            self._call("PATCH", earlier, text) if earlier else self._call("POST", self._comments, text)
        except GithubException as error:
            words = error.data.get("message", "") if isinstance(error.data, dict) else ""
            return Said(done=False, why=f"HTTP {error.status}: {words}")
        except RequestException as error:
            return Said(done=False, why=f"GitHub's API does not answer: {error}")
        return Said(done=True)

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
