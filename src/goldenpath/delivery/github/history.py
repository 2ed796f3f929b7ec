"""The history of a repository on GitHub: which of two commits is the later one.

Source: GitHub REST API, "Compare two commits" (`status`) and "Get a commit". Both need `contents: read` in a private
repository; without it GitHub answers 404, as for a commit that does not exist.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from goldenpath.shared import github_rest
from goldenpath.shared.errors import RegistryUnreachable

if TYPE_CHECKING:
    from goldenpath.shared.http import HttpResponse
    from goldenpath.shared.names import Commit

_ATTEMPTS, _READ_TIMEOUT = 3, 15.0
_OK = 200
# Unauthorized, forbidden, not found, and unprocessable: GitHub's response to a commit id that it does not know.
_REFUSED = frozenset({401, 403, 404, 422})
# The list of changed files is on the first page only, and a page of one commit is the smallest.
_SMALLEST = "per_page=1&page=2"


class Order(StrEnum):
    """How a commit stands to another commit of the same repository.

    `LATER`: its history contains the other one. `EARLIER`: the other one's history contains it. `UNRELATED`: neither.
    `HIDDEN`: the token may not read the repository. `UNKNOWN`: GitHub gave no answer.
    """

    LATER = "later"
    EARLIER = "earlier"
    UNRELATED = "unrelated"
    HIDDEN = "hidden"
    UNKNOWN = "unknown"


_ORDERS = {"ahead": Order.LATER, "behind": Order.EARLIER, "diverged": Order.UNRELATED, "identical": Order.UNRELATED}


class History:
    """The commits of one `repository` (`owner/name`), as far as one token may read them."""

    def __init__(self, api_url: str, token: str, repository: str) -> None:
        self._place = f"{api_url}/repos/{repository}"
        self._token = token

    def order(self, commit: Commit, other: Commit) -> Order:
        """Return how `commit` stands to `other`. Raises nothing."""
        answer = self._get(f"compare/{other}...{commit}?{_SMALLEST}")
        if answer is None:
            return Order.UNKNOWN
        if answer.status == _OK:
            return _ORDERS.get(str(_field(answer, "status")), Order.UNKNOWN)
        if answer.status not in _REFUSED or _is_rate_limit(answer):
            return Order.UNKNOWN
        # 404 may mean that `other` is not in this repository, or that the token may not read it.
        return Order.UNRELATED if self._exists(commit) else Order.HIDDEN

    def tip(self, ref: str) -> str:
        """Return the id of the commit that the git ref `ref` names now; empty when GitHub does not say."""
        answer = self._get(f"commits/{quote(ref.removeprefix('refs/'), safe='')}?{_SMALLEST}")
        return str(_field(answer, "sha") or "") if answer is not None and answer.status == _OK else ""

    def _exists(self, commit: Commit) -> bool:
        answer = self._get(f"commits/{commit}?{_SMALLEST}")
        return answer is not None and answer.status == _OK

    def _get(self, path: str) -> HttpResponse | None:
        place = f"{self._place}/{path}"
        try:
            return github_rest.get(place, self._token, attempts=_ATTEMPTS, read_timeout=_READ_TIMEOUT)
        except RegistryUnreachable:
            return None


def _is_rate_limit(answer: HttpResponse) -> bool:
    return "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"


def _field(answer: HttpResponse, name: str) -> Any:  # noqa: ANN401  any JSON value
    return (github_rest.json_object(answer) or {}).get(name)
