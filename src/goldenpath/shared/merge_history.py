"""Who brought a change of one file to the branch that counts: as git has it, and as GitHub records it.

Sources: git-log(1), `--first-parent` and `%(trailers)`; GitHub REST API, "List pull requests associated with a commit"
and "Get a pull request".
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from goldenpath.shared import codec, git, github_rest
from goldenpath.shared.errors import GithubRefused

if TYPE_CHECKING:
    from pathlib import Path

# The commits of the branch itself: a merge counts as one change, whatever its branch had.
_LOG = ("log", "--first-parent", "--no-patch", "-z")
_FIELDS = "%H%n%P%n%an%n%cn%n%cI%n%s%n%(trailers:key=Requested-by,valueonly,separator=%x20)"
_FIELD_COUNT = 7
# The subject that GitHub gives a merge, and the end of the one that it gives a squash.
_NUMBER = re.compile(r"Merge pull request #(?P<merge>[1-9][0-9]{0,9}) from .*|.* \(#(?P<squash>[1-9][0-9]{0,9})\)")
# The name of the committer of every commit that GitHub makes itself.
_GITHUB = "GitHub"
SLUG = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_PAGE, _PAGES_AT_MOST = 100, 50
T = TypeVar("T")


@dataclass(frozen=True)
class MergedChange:
    """One change of a branch. `merged_by` is empty where nobody is named for the merge; `source` names who says it.

    `number` is the pull request's; `None` where neither git nor GitHub names one. `body` is the description of the pull
    request as GitHub has it today; empty where GitHub was not asked. `requested_by` is from the commit's trailers.
    """

    commit: str
    author: str
    at: dt.datetime
    subject: str
    requested_by: str = ""
    number: int | None = None
    merged_by: str = ""
    source: str = ""
    approved_by: tuple[str, ...] = ()
    body: str = ""


def changes(checkout: Path, revision: str, path: str) -> tuple[MergedChange, ...]:
    """Return the changes of `path` on the first-parent line of `revision`, the newest first. Raises `ToolFailed`."""
    printed = git.run(checkout, *_LOG, f"--format={_FIELDS}", revision, "--", path)
    return tuple(_change(record) for record in printed.split("\0") if record.strip())


def _change(record: str) -> MergedChange:
    commit, parents, author, committer, at, subject, requested = (*record.split("\n"), *[""] * _FIELD_COUNT)[:7]
    numbered = _NUMBER.fullmatch(subject)
    number = int(numbered["merge"] or numbered["squash"]) if numbered else None
    # GitHub makes the person who merges the author of a merge commit, and only the committer of a squash is GitHub.
    merged_by = author if " " in parents else "" if committer == _GITHUB or number else committer
    return MergedChange(
        commit, author, dt.datetime.fromisoformat(at), subject, requested, number, merged_by, "git" if merged_by else ""
    )


def github_slug(address: str, server_url: str) -> str:
    """Return `owner/name` of a repository of the GitHub at `server_url` by its web `address`; empty for any other."""
    # Another host may have a repository of the same name, of which this GitHub would say something else.
    slug = address.removeprefix(f"{server_url.rstrip('/')}/")
    return slug if slug != address and SLUG.fullmatch(slug) else ""


@dataclass(frozen=True)
class MergeRecords:
    """GitHub's records of the merges of one repository (`owner/name`); only read."""

    api_url: str
    token: str
    slug: str

    def confirmed(self, change: MergedChange) -> MergedChange:
        """Return `change` as GitHub records its merge; as it is where GitHub knows of none. Raises `GithubRefused`."""
        listed = self._list(f"commits/{change.commit}/pulls")
        merged = [pull["number"] for pull in listed if pull.get("merged_at") and isinstance(pull.get("number"), int)]
        if len(merged) != 1:
            return change
        pull = self._get(f"pulls/{merged[0]}", dict[str, Any]) or {}
        reviews = self._list(f"pulls/{merged[0]}/reviews")
        # Of every reviewer the latest decision counts; a comment is none.
        last = {_login(review.get("user")): review.get("state") for review in reviews
                if review.get("state") != "COMMENTED"}  # fmt: skip
        approvers = {login for login, state in last.items() if login and state == "APPROVED"}
        person = _login(pull.get("merged_by"))
        return replace(
            change, number=merged[0], merged_by=person or change.merged_by,
            source="github" if person else change.source, approved_by=tuple(sorted(approvers)),
            body=str(pull.get("body") or ""),
        )  # fmt: skip

    def _list(self, path: str) -> list[dict[str, Any]]:
        """Return the items on every page of a list. Raises as `confirmed` does, also for a list that is too long."""
        items: list[dict[str, Any]] = []
        for page in range(1, _PAGES_AT_MOST + 1):
            listed = self._get(f"{path}?per_page={_PAGE}&page={page}", list[dict[str, Any]]) or []
            items += listed
            if len(listed) < _PAGE:
                return items
        raise self._unread(f"{path} has more than {_PAGE * _PAGES_AT_MOST} items")

    def _get(self, path: str, kind: type[T]) -> T | None:
        response = github_rest.get(f"{self.api_url}/repos/{self.slug}/{path}", self.token)
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        if response.status != HTTPStatus.OK:
            raise self._unread(f"GitHub responded with HTTP {response.status}")
        try:
            return codec.decode(response.body, kind)
        except ValueError as error:
            raise self._unread(str(error)) from None

    def _unread(self, why: str) -> GithubRefused:
        return GithubRefused(
            f"The merges of {self.slug} could not be read",
            why=why,
            fix="Give a GITHUB_TOKEN that may read contents and pull requests, or unset it: the archive then lists "
            "what is not known",
        )


def _login(account: Any) -> str:  # noqa: ANN401  any JSON
    return str(account.get("login", "")) if isinstance(account, dict) else ""
