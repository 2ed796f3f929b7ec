"""The facts and settings of a repository on GitHub that `goldenpath doctor` reads, through PyGithub.

Sources: GitHub REST API, "Get a repository" (`security_and_analysis` needs admin), "List repository secrets", "List
repository organization secrets", "Get rules for a branch", "Get a branch", "Get all repository rulesets".
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from goldenpath.delivery.adoption.protection_checks import BranchRules
from goldenpath.delivery.adoption.settings import ApiResponse
from goldenpath.shared import github_api

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT = 15
_PAGE = 100
_OK = 200


class GitHubRepository:
    """One repository on GitHub. A fact is `None` where the token may not read it, or GitHub does not respond."""

    def __init__(self, api_url: str, token: str, slug: str) -> None:
        self._login = (api_url, token)
        self._responses: dict[str, ApiResponse] = {}
        self._requester = github_api.connect(api_url, token, timeout=_TIMEOUT, retry=1).requester
        self._path = f"/repos/{slug}"

    def of(self, slug: str) -> GitHubRepository:
        """Return another repository, with the same token."""
        return GitHubRepository(*self._login, slug)

    def get(self, path: str) -> ApiResponse:
        """Return GitHub's response to a GET of `path`, relative to the repository; every path is requested once."""
        if path not in self._responses:
            self._responses[path] = self._request(path)
        return self._responses[path]

    def _request(self, path: str) -> ApiResponse:
        from github import GithubException  # noqa: PLC0415
        from requests.exceptions import RequestException  # noqa: PLC0415

        try:
            _, body = self._requester.requestJsonAndCheck("GET", self._path + path)
        except GithubException as error:
            return ApiResponse(error.status)
        except RequestException:
            return ApiResponse(0)
        return ApiResponse(_OK, body)

    @cached_property
    def _repository(self) -> Mapping[str, Any] | None:
        return self._get("")

    @property
    def default_branch(self) -> str | None:
        """The default branch."""
        return self._repository["default_branch"] if self._repository else None

    @property
    def branches(self) -> frozenset[str] | None:
        """The names of all branches; `None` also where one page may not have all of them."""
        branches = self._list(f"/branches?per_page={_PAGE}")
        if branches is None or len(branches) == _PAGE:
            return None
        return frozenset(str(branch["name"]) for branch in branches)

    @property
    def code_security(self) -> bool | None:
        """Whether code scanning accepts results."""
        if self._repository is None:
            return None
        if not self._repository.get("private", True):
            return True
        features = self._repository.get("security_and_analysis")
        if not features:
            return None
        states = [(features.get(name) or {}).get("status") for name in ("code_security", "advanced_security")]
        return "enabled" in states

    @cached_property
    def secrets(self) -> frozenset[str] | None:
        """The names of the secrets that a workflow can read: the repository's and the organisation's."""
        own = self._names("secrets")
        return None if own is None else own | (self._names("organization-secrets") or frozenset())

    def branch_rules(self, branch: str) -> BranchRules | None:
        """The rules of GitHub for a change to `branch`; the details of branch protection are not included."""
        name = quote(branch, safe="")
        rules = self._list(f"/rules/branches/{name}?per_page={_PAGE}")
        if rules is None:
            return None
        reviews = [rule.get("parameters") or {} for rule in rules if rule["type"] == "pull_request"]
        details = self._get(f"/branches/{name}") or {}
        return BranchRules(
            protected=bool(rules) or bool(details.get("protected")),
            approvals=max((review.get("required_approving_review_count", 0) for review in reviews), default=0),
            code_owners=any(review.get("require_code_owner_review") for review in reviews),
            creation=any(rule["type"] == "creation" for rule in rules),
        )

    def tag_rules(self, tag: str) -> frozenset[str] | None:
        """The types of the rules that GitHub enforces for a tag of this name."""
        summaries = self._list(f"/rulesets?targets=tag&includes_parents=true&per_page={_PAGE}")
        if summaries is None:
            return None
        active = [
            self._get(f"/rulesets/{summary['id']}") for summary in summaries if summary["enforcement"] == "active"
        ]
        return frozenset(
            rule["type"]
            for ruleset in active
            if ruleset and _covers(ruleset, f"refs/tags/{tag}")
            for rule in ruleset.get("rules") or ()
        )

    def _names(self, kind: str) -> frozenset[str] | None:
        body = self._get(f"/actions/{kind}?per_page={_PAGE}")
        return None if body is None else frozenset(secret["name"] for secret in body["secrets"])

    def _get(self, path: str) -> Mapping[str, Any] | None:
        body = self._ask(path)
        return body if isinstance(body, dict) else None

    def _list(self, path: str) -> list[Any] | None:
        body = self._ask(path)
        return body if isinstance(body, list) else None

    def _ask(self, path: str) -> object:
        return self.get(path).body


def _covers(ruleset: Mapping[str, Any], ref: str) -> bool:
    names = (ruleset.get("conditions") or {}).get("ref_name") or {}

    def listed(kind: str) -> bool:
        return any(pattern == "~ALL" or fnmatchcase(ref, pattern) for pattern in names.get(kind) or ())

    return listed("include") and not listed("exclude")
