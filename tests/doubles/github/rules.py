"""A double of GitHub's rulesets: the rules for the branches and tags of repositories, kept in memory.

Source: GitHub REST API, "Rules" and "Branches".
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from goldenpath.local.github.code_scanning import RejectedError
from tests.doubles.github import repository as github_repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.doubles.github.shapes import Place

DEFAULT_BRANCH = "main"
_NO_COMMIT = "0" * 40
_GIVEN = ("name", "target", "enforcement", "conditions", "rules", "bypass_actors")


class Rulesets:
    """The rulesets of every repository, by its full name."""

    def __init__(self) -> None:
        self._of: dict[str, list[dict[str, Any]]] = {}

    def create(self, place: Place, body: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a ruleset and return its description."""
        kept = self._of.setdefault(place.repository, [])
        given = {name: body[name] for name in _GIVEN if name in body}
        made = {"target": "branch", **given, "id": len(kept) + 1}
        kept.append({**made, "source_type": "Repository", "source": place.repository})
        return kept[-1]

    def list_all(self, place: Place, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the repository's rulesets for the wanted targets, without their rules, as GitHub lists them."""
        wanted = query.get("targets", "branch,tag,push").split(",")
        left_out = {"rules", "conditions", "bypass_actors"}
        return [
            {key: value for key, value in ruleset.items() if key not in left_out}
            for ruleset in self._of.get(place.repository, ())
            if ruleset["target"] in wanted
        ]

    def get(self, place: Place, identity: int) -> dict[str, Any]:
        """Return one ruleset."""
        for ruleset in self._of.get(place.repository, ()):
            if ruleset["id"] == identity:
                return ruleset
        raise RejectedError(404, "Not Found")

    def of_branch(self, place: Place, branch: str) -> list[dict[str, Any]]:
        """Return every active rule for a branch, whether it exists or not."""
        return [
            {
                **rule,
                "ruleset_source_type": ruleset["source_type"],
                "ruleset_source": ruleset["source"],
                "ruleset_id": ruleset["id"],
            }
            for ruleset in self._active(place, "branch", f"refs/heads/{branch}")
            for rule in ruleset.get("rules", ())
        ]

    def branch(self, place: Place, branch: str) -> dict[str, Any]:
        """Return the description of a branch."""
        url = f"{place.url}/branches/{branch}"
        protected = bool(self.of_branch(place, branch))
        return {
            "name": branch,
            "commit": _commit(place),
            "_links": {"self": url, "html": f"{place.page}/tree/{branch}"},
            "protected": protected,
            "protection": {"enabled": protected},
            "protection_url": f"{url}/protection",
        }

    def _active(self, place: Place, target: str, ref: str) -> Iterator[dict[str, Any]]:
        for ruleset in self._of.get(place.repository, ()):
            names = (ruleset.get("conditions") or {}).get("ref_name") or {}
            included = any(_matches(pattern, ref) for pattern in names.get("include", ()))
            excluded = any(_matches(pattern, ref) for pattern in names.get("exclude", ()))
            if ruleset["target"] == target and ruleset["enforcement"] == "active" and included and not excluded:
                yield ruleset


def _matches(pattern: str, ref: str) -> bool:
    if pattern == "~DEFAULT_BRANCH":
        return ref == f"refs/heads/{DEFAULT_BRANCH}"
    return pattern == "~ALL" or fnmatchcase(ref, pattern)


def _commit(place: Place) -> dict[str, Any]:
    url = f"{place.url}/commits/{_NO_COMMIT}"
    somebody = github_repository.person(place.origin, place.owner)
    return {
        "sha": _NO_COMMIT,
        "node_id": "C_local",
        "url": url,
        "html_url": f"{place.page}/commit/{_NO_COMMIT}",
        "comments_url": f"{url}/comments",
        "author": somebody,
        "committer": somebody,
        "parents": [],
        "commit": {
            "author": {},
            "committer": {},
            "comment_count": 0,
            "message": "A change",
            "tree": {"sha": _NO_COMMIT, "url": f"{place.url}/git/trees/{_NO_COMMIT}"},
            "url": f"{place.url}/git/commits/{_NO_COMMIT}",
        },
    }
