"""GitHub, read only, through PyGithub: what `goldenpath doctor` asks about a repository.

Sources: GitHub REST API, "Get a repository" (`security_and_analysis` needs admin), "List repository secrets", "List
repository organization secrets", "Get rules for a branch", "Get a branch", "Get all repository rulesets".
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from goldenpath.delivery.adoption.protection_checks import BranchRules
from goldenpath.delivery.adoption.settings import Reply
from goldenpath.shared import github_api

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT = 15
_PAGE = 100
_OK = 200


class GitHub:
    """One repository as far as the token may look; what it may not, or what does not answer, is `None`."""

    def __init__(self, api_url: str, token: str, slug: str) -> None:
        self._login = (api_url, token)
        self._replies: dict[str, Reply] = {}
        self._requester = github_api.connect(api_url, token, timeout=_TIMEOUT, retry=1).requester
        self._place = f"/repos/{slug}"

    def of(self, slug: str) -> GitHub:
        """Return another repository, as far as the same token may look."""
        return GitHub(*self._login, slug)

    def get(self, path: str) -> Reply:
        """Return GitHub's reply to a GET of `path`, relative to the repository; it is asked for once."""
        if path not in self._replies:
            self._replies[path] = self._reply(path)
        return self._replies[path]

    def _reply(self, path: str) -> Reply:
        from github import GithubException  # noqa: PLC0415
        from requests.exceptions import RequestException  # noqa: PLC0415

        try:
            _, body = self._requester.requestJsonAndCheck("GET", self._place + path)
        except GithubException as error:
            return Reply(error.status)
        except RequestException:
            return Reply(0)
        return Reply(_OK, body)

    @cached_property
    def _repository(self) -> Mapping[str, Any] | None:
        return self._get("")

    @property
    def default_branch(self) -> str | None:
        """The default branch."""
        return self._repository["default_branch"] if self._repository else None

    @property
    def branches(self) -> frozenset[str] | None:
        """The names of all branches; `None` also where there are more than one reply holds."""
        found = self._list(f"/branches?per_page={_PAGE}")
        if found is None or len(found) == _PAGE:
            return None
        return frozenset(str(each["name"]) for each in found)

    @property
    def code_security(self) -> bool | None:
        """Whether code scanning takes results."""
        if self._repository is None:
            return None
        if not self._repository.get("private", True):
            return True
        switches = self._repository.get("security_and_analysis")
        if not switches:
            return None
        states = [(switches.get(name) or {}).get("status") for name in ("code_security", "advanced_security")]
        return "enabled" in states

    @cached_property
    def secrets(self) -> frozenset[str] | None:
        """The names of the secrets that a workflow of the repository sees: its own and the organisation's."""
        own = self._names("secrets")
        return None if own is None else own | (self._names("organization-secrets") or frozenset())

    def branch_rules(self, branch: str) -> BranchRules | None:
        """What GitHub demands of a change to `branch`; rules that stand in branch protection are not seen in detail."""
        name = quote(branch, safe="")
        rules = self._list(f"/rules/branches/{name}?per_page={_PAGE}")
        if rules is None:
            return None
        pulls = [each.get("parameters") or {} for each in rules if each["type"] == "pull_request"]
        found = self._get(f"/branches/{name}") or {}
        return BranchRules(
            protected=bool(rules) or bool(found.get("protected")),
            approvals=max((each.get("required_approving_review_count", 0) for each in pulls), default=0),
            code_owners=any(each.get("require_code_owner_review") for each in pulls),
            creation=any(each["type"] == "creation" for each in rules),
        )

    def tag_rules(self, tag: str) -> frozenset[str] | None:
        """The types of the rules that GitHub enforces for a tag of this name."""
        listed = self._list(f"/rulesets?targets=tag&includes_parents=true&per_page={_PAGE}")
        if listed is None:
            return None
        rulesets = [self._get(f"/rulesets/{each['id']}") for each in listed if each["enforcement"] == "active"]
        return frozenset(
            rule["type"]
            for each in rulesets
            if each and _covers(each, f"refs/tags/{tag}")
            for rule in each.get("rules") or ()
        )

    def _names(self, kind: str) -> frozenset[str] | None:
        answer = self._get(f"/actions/{kind}?per_page={_PAGE}")
        return None if answer is None else frozenset(each["name"] for each in answer["secrets"])

    def _get(self, path: str) -> Mapping[str, Any] | None:
        answer = self._ask(path)
        return answer if isinstance(answer, dict) else None

    def _list(self, path: str) -> list[Any] | None:
        answer = self._ask(path)
        return answer if isinstance(answer, list) else None

    def _ask(self, path: str) -> object:
        return self.get(path).body


def _covers(ruleset: Mapping[str, Any], ref: str) -> bool:
    names = (ruleset.get("conditions") or {}).get("ref_name") or {}

    def listed(kind: str) -> bool:
        return any(pattern == "~ALL" or fnmatchcase(ref, pattern) for pattern in names.get(kind) or ())

    return listed("include") and not listed("exclude")
