"""GitHub's descriptions of threads: complete enough for its own OpenAPI schemas and for PyGithub."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.doubles.github import repository as github_repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.doubles.github.threads import Review, Thread

_WHEN = "2026-11-21T00:00:00Z"
_TIMES = {"created_at": _WHEN, "updated_at": _WHEN}
BOT = "github-actions[bot]"
_NO_COMMIT = "0" * 40


@dataclass(frozen=True)
class Place:
    """A repository as the API names it; `origin` is the API's own URL."""

    origin: str
    owner: str
    name: str
    visibility: str = "private"

    @property
    def repository(self) -> str:
        """The repository's full name."""
        return f"{self.owner}/{self.name}"

    @property
    def url(self) -> str:
        """The repository in the API."""
        return f"{self.origin}/repos/{self.repository}"

    @property
    def page(self) -> str:
        """The repository's web page."""
        return f"{self.origin}/{self.repository}"


def label(place: Place, name: str) -> dict[str, Any]:
    """Return the description of a label."""
    url = f"{place.url}/labels/{name}"
    return {
        "id": 1, "node_id": "L_local", "url": url, "name": name, "description": "", "color": "ededed", "default": False,
    }  # fmt: skip


def pull(place: Place, thread: Thread, *, whole: bool) -> dict[str, Any]:
    """Return the description of a pull request; in lists GitHub leaves the counts out."""
    url, page = f"{place.url}/pulls/{thread.number}", f"{place.page}/pull/{thread.number}"
    links = {
        "self": url, "html": page, "issue": f"{place.url}/issues/{thread.number}",
        "comments": f"{place.url}/issues/{thread.number}/comments", "review_comments": f"{url}/comments",
        "review_comment": f"{place.url}/pulls/comments{{/number}}", "commits": f"{url}/commits",
        "statuses": f"{place.url}/statuses/{thread.tip}",
    }  # fmt: skip
    merged = bool(thread.merge_commit)
    counts = dict.fromkeys(("additions", "deletions", "changed_files", "comments", "commits", "review_comments"), 0)
    rest = {**counts, "mergeable": None, "mergeable_state": "unknown", "merged": merged,
            "maintainer_can_modify": False, "merged_by": _user(place, "maintainer") if merged else None}  # fmt: skip
    described = {
        **_common(place, thread),
        "url": url,
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        **{f"{name}_url": link for name, link in links.items() if name not in {"self", "html"}},
        "_links": {name: {"href": link} for name, link in links.items()},
        "head": _side(place, thread.head, thread.tip),
        "base": _side(place, thread.base, _NO_COMMIT),
        "merge_commit_sha": thread.merge_commit or None,
        "merged_at": stamp(thread.merged_at) if thread.merged_at else None,
        "auto_merge": None,
        "draft": False,
        **(rest if whole else {}),
    }
    return _overridden(described, {name: value for name, value in thread.overrides.items() if name in described})


def issue(place: Place, thread: Thread) -> dict[str, Any]:
    """Return the description of an issue, or of a pull request as an issue."""
    url = f"{place.url}/issues/{thread.number}"
    kind = "pull" if thread.head else "issues"
    pulls, page = f"{place.url}/pulls/{thread.number}", f"{place.page}/{kind}/{thread.number}"
    as_pull = {"url": pulls, "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}
    return {
        **_common(place, thread),
        "url": url,
        "html_url": page,
        "repository_url": place.url,
        "comments": len(thread.comments),
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "labels_url": f"{url}/labels{{/name}}",
        **({"pull_request": as_pull} if thread.head else {}),
        **({"state_reason": thread.state_reason} if thread.state_reason else {}),
    }


def comment(place: Place, thread: Thread, identity: int) -> dict[str, Any]:
    """Return the description of a comment."""
    return {
        "id": identity,
        "node_id": "C_local",
        "url": f"{place.url}/issues/comments/{identity}",
        "html_url": f"{place.page}/issues/{thread.number}#issuecomment-{identity}",
        "issue_url": f"{place.url}/issues/{thread.number}",
        "body": thread.comments[identity],
        "user": _user(place, thread.strangers.get(identity, BOT)),
        "author_association": "NONE",
        **_TIMES,
    }


def permission(level: str) -> dict[str, Any]:
    """Return the description of a user's permission: `level` is admin, write, read or none."""
    return {"permission": level, "role_name": level, "user": None}


def review(place: Place, thread: Thread, identity: int, given: Review) -> dict[str, Any]:
    """Return the description of a review."""
    page = f"{place.page}/pull/{thread.number}#pullrequestreview-{identity}"
    pulls = f"{place.url}/pulls/{thread.number}"
    return {
        "id": identity,
        "node_id": "R_local",
        "user": _user(place, given.login),
        "body": "",
        "state": given.state,
        "commit_id": given.commit,
        "submitted_at": stamp(given.at),
        "html_url": page,
        "pull_request_url": pulls,
        "_links": {"html": {"href": page}, "pull_request": {"href": pulls}},
        "author_association": "NONE",  # as of everybody whose membership is not public
    }


def history(thread: Thread) -> dict[str, Any]:
    """Return GraphQL's description of the changes to the text of a pull request."""
    kinds = {"renamed": "RenamedTitleEvent", "reopened": "ReopenedEvent"}
    edits = [{"editedAt": stamp(event.at), "editor": _actor(event.login)} for event in thread.events
             if event.did == "edited"]  # fmt: skip
    events = [{"__typename": kinds[event.did], "createdAt": stamp(event.at), "actor": _actor(event.login)}
              for event in thread.events if event.did in kinds]  # fmt: skip
    last = {"lastEditedAt": edits[-1]["editedAt"], "editor": edits[-1]["editor"]} if edits else {
        "lastEditedAt": None, "editor": None}  # fmt: skip
    # A text that was never edited has no list of edits.
    return {
        "pullRequest": {**last, "userContentEdits": _page(edits) if edits else None, "timelineItems": _page(events)}
    }


def _overridden(described: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return `described` with `overrides` in place of its own values, field by field within `head` and `base`."""
    sides = {
        name: {**described[name], **value} if name in {"head", "base"} else value for name, value in overrides.items()
    }
    return {**described, **sides}


def _page(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"nodes": nodes[:100], "pageInfo": {"hasNextPage": len(nodes) > 100}}


def stamp(when: dt.datetime) -> str:
    """Return a time as GitHub writes it."""
    return f"{when.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _actor(login: str) -> dict[str, str]:
    # GraphQL names a bot without the ending that REST gives it.
    return {"__typename": "Bot" if login.endswith("[bot]") else "User", "login": login.removesuffix("[bot]")}


def _common(place: Place, thread: Thread) -> dict[str, Any]:
    return {
        "id": thread.number,
        "node_id": "T_local",
        "number": thread.number,
        "title": thread.title,
        "body": thread.body,
        "state": thread.state,
        "locked": False,
        "labels": [label(place, name) for name in thread.labels],
        "user": _user(place, thread.author or BOT),
        "assignee": None,
        "milestone": None,
        "closed_at": _WHEN if thread.state == "closed" else None,
        "author_association": "NONE",
        **_TIMES,
    }


def _side(place: Place, branch: str, tip: str) -> dict[str, Any]:
    described = github_repository.describe(place.origin, place.owner, place.name, visibility=place.visibility)
    return {
        "label": f"{place.owner}:{branch}", "ref": branch, "sha": tip, "repo": described,
        "user": described["owner"],
    }  # fmt: skip


def _user(place: Place, login: str) -> dict[str, Any]:
    return github_repository.person(place.origin, login)
