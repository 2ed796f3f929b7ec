"""Which pull requests brought a commit, as GitHub describes them now.

Source: GitHub REST API, "List pull requests associated with a commit", "Get a pull request" and "List pull requests".
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from goldenpath.errors import GithubRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.registries.github.repository import Repository

Pull = dict[str, Any]
_PAGE = 100
# GitHub pushes a merge first and marks its pull request as merged a moment later, so a run that starts at once may come
# too early (quantumlib/Cirq#7927, release-drafter/release-drafter#322).
PAUSES = (1, 2, 4, 8, 16)


def merged_with(repository: Repository, commit: str, base: str, *, awaited: bool) -> tuple[Pull, ...]:
    """Return every pull request into the branch `base` that GitHub connects with `commit` and calls merged.

    With `awaited`, ask again for half a minute before it is taken for granted that there is none. Raises
    `GithubRefused`.
    """
    wish = f"find the pull request of the commit {commit}"
    for pause in (0, *(PAUSES if awaited else ())):
        time.sleep(pause)
        listed = repository.get(f"commits/{commit}/pulls?per_page={_PAGE}", wish) or ()
        if found := tuple(each for each in listed if each.get("merged_at") and _base(each) == base):
            return found
    return ()


def pull_request(repository: Repository, number: int) -> Pull:
    """Return GitHub's whole description of the pull request `number`. Raises `GithubRefused`."""
    wish = f"read pull request #{number}"
    found: Pull | None = repository.get(f"pulls/{number}", wish)
    if found is None:
        raise GithubRefused(
            f"could not {wish} in {repository.name}", why="GitHub has none of that number", fix="run the wizard again"
        )
    return found


def newest_merged(repository: Repository, branch: str, base: str) -> int | None:
    """Return the number of the pull request from `branch` of this repository that was merged into `base` last.

    `None` when none was merged. Raises `GithubRefused`.
    """
    owner = repository.name.partition("/")[0]
    asked = {"state": "closed", "head": f"{owner}:{branch}", "base": base, "sort": "updated", "direction": "desc"}
    path = f"pulls?{urlencode({**asked, 'per_page': _PAGE})}"
    listed = repository.get(path, f"list the pull requests of {branch}") or ()
    merged = [(each["merged_at"], each["number"]) for each in listed if each.get("merged_at")]
    return max(merged)[1] if merged else None


def _base(pull: Mapping[str, Any]) -> str:
    return str((pull.get("base") or {}).get("ref", ""))
