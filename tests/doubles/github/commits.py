"""A double of the commits of repositories on GitHub: their comparison, and the commits that refs name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.local.github.code_scanning import RejectedError
from tests.doubles.github import repository as github_repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.doubles.github.shapes import Place

_WHEN = "2026-11-21T00:00:00Z"
_AUTHOR = {"name": "Octo Cat", "email": "octo@example.com", "date": _WHEN}
_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


class Commits:
    """Every repository's commits with their parents, and what its refs (`heads/main`, `tags/v1`) name."""

    def __init__(self) -> None:
        self._parents: dict[str, dict[str, tuple[str, ...]]] = {}
        self._refs: dict[str, dict[str, str]] = {}

    def push(self, repository: str, commit: str, *parents: str, ref: str = "heads/main") -> None:
        """Add `commit` to a repository, and have `ref` name it."""
        self._parents.setdefault(repository, {})[commit] = parents
        self._refs.setdefault(repository, {})[ref] = commit

    def compare(self, place: Place, basehead: str, _: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "Compare two commits", for full commit ids and without the files. Raises `RejectedError`."""
        base, head = basehead.split("...")
        known = self._parents.get(place.repository, {})
        if base not in known or head not in known:
            raise RejectedError(404, "Not Found")
        ours, theirs = self._history(place, head), self._history(place, base)
        ahead, behind = len(ours - theirs), len(theirs - ours)
        shared = [commit for commit in known if commit in ours & theirs]
        status = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
        url, page = f"{place.url}/compare/{basehead}", f"{place.page}/compare/{basehead}"
        return {
            "url": url,
            "html_url": page,
            "permalink_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "base_commit": self._described(place, base),
            "merge_base_commit": self._described(place, shared[-1] if shared else base),
            "status": status,
            "ahead_by": ahead,
            "behind_by": behind,
            "total_commits": ahead,
            "commits": [],
        }

    def get(self, place: Place, ref: str, _: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "Get a commit", by its id or by a ref. Raises `RejectedError`."""
        named = self._refs.get(place.repository, {}).get(ref, ref)
        if named not in self._parents.get(place.repository, {}):
            raise RejectedError(422, f"No commit found for SHA: {ref}")
        return self._described(place, named)

    def ref(self, place: Place, ref: str, _: Mapping[str, str]) -> dict[str, Any]:
        """Respond to "Get a reference". Raises `RejectedError`."""
        if (commit := self._refs.get(place.repository, {}).get(ref)) is None:
            raise RejectedError(404, "Not Found")
        named = {"type": "commit", "sha": commit, "url": f"{place.url}/git/commits/{commit}"}
        return {"ref": f"refs/{ref}", "node_id": "REF_1", "url": f"{place.url}/git/refs/{ref}", "object": named}

    def _history(self, place: Place, commit: str) -> set[str]:
        """Return `commit` and its ancestors."""
        history, waiting = set[str](), [commit]
        while waiting:
            if (ancestor := waiting.pop()) not in history:
                history.add(ancestor)
                waiting += self._parents[place.repository].get(ancestor, ())
        return history

    def _described(self, place: Place, commit: str) -> dict[str, Any]:
        url = f"{place.url}/commits/{commit}"
        person = github_repository.person(place.origin, place.owner)
        parents = self._parents[place.repository][commit]
        return {
            "url": url,
            "sha": commit,
            "node_id": "C_local",
            "html_url": f"{place.page}/commit/{commit}",
            "comments_url": f"{url}/comments",
            "commit": {
                "url": f"{place.url}/git/commits/{commit}", "author": _AUTHOR, "committer": _AUTHOR,
                "message": "A change", "comment_count": 0,
                "tree": {"sha": _TREE, "url": f"{place.url}/git/trees/{_TREE}"},
                "verification": {
                    "verified": False, "reason": "unsigned", "payload": None, "signature": None, "verified_at": None,
                },
            },
            "author": person,
            "committer": person,
            "parents": [
                {"sha": parent, "url": f"{place.url}/commits/{parent}", "html_url": f"{place.page}/commit/{parent}"}
                for parent in parents
            ],
        }  # fmt: skip
