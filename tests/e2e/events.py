"""What happens at GitHub that starts a workflow run, as its webhooks tell it.

Source: GitHub, "Webhook events and payloads" and "Events that trigger workflows".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.tools.apps import App

NO_COMMIT = "0" * 40


@dataclass(frozen=True)
class Event:
    """An event: its `name`, its webhook `payload`, and the `ref` that the run is about."""

    name: str
    payload: Mapping[str, Any]
    ref: str


def push(app: App, branch: str, *, before: str = NO_COMMIT) -> Event:
    """Push what is checked out to `branch`, which was at `before`; a new branch by default."""
    app.git("branch", "--force", "--", branch) if branch != app.default_branch else None
    return _pushed(app, f"refs/heads/{branch}", before)


def push_tag(app: App, tag: str) -> Event:
    """Push the new tag `tag` on what is checked out."""
    app.git("tag", "--force", "--", tag)
    return _pushed(app, f"refs/tags/{tag}", NO_COMMIT)


def dispatch(app: App, ref: str = "refs/heads/main", **inputs: str) -> Event:
    """Start the workflow by hand."""
    return Event("workflow_dispatch", {"inputs": inputs, "ref": ref, **_about(app)}, ref)


def schedule(app: App) -> Event:
    """Have the time come that a workflow waits for; it then runs on the default branch, and names no repository."""
    return Event("schedule", {"schedule": "23 5 * * 1-5"}, "refs/heads/main")


def pull_request(app: App, *, onto: str = "main", number: int = 7, fork: str = "") -> Event:
    """Propose what is checked out for `onto`; what is checked out then is GitHub's test merge of the two.

    `fork` is the repository (`owner/name`) that it comes from, where that is not the app's own.
    """
    head, ref = app.commit, f"refs/pull/{number}/merge"
    app.git("checkout", "--quiet", "--detach", onto)
    base = app.commit
    app.git("merge", "--quiet", "--no-ff", "--no-gpg-sign", "--message=Merge", str(head))
    app.git("update-ref", ref, "HEAD")
    sides = {"head": _side(app, "change", head), "base": _side(app, onto, base)}
    if fork:
        sides["head"]["repo"] = {**sides["head"]["repo"], "id": 2, "full_name": fork, "fork": True}
    pull = {"number": number, "state": "open", "draft": False, "merged": False, "user": {"login": "dev"}, **sides}
    return Event("pull_request", {"action": "opened", "number": number, "pull_request": pull, **_about(app)}, ref)


def _pushed(app: App, ref: str, before: str) -> Event:
    commit = str(app.commit)
    payload = {
        "ref": ref,
        "before": before,
        "after": commit,
        "created": before == NO_COMMIT,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "head_commit": {"id": commit, "message": "A change"},
        "pusher": {"name": "dev", "email": "dev@example.com"},
    }
    return Event("push", {**payload, **_about(app)}, ref)


def _side(app: App, branch: str, commit: str) -> dict[str, Any]:
    return {"ref": branch, "sha": str(commit), "repo": _about(app)["repository"]}


def _about(app: App) -> dict[str, Any]:
    owner, _, name = app.slug.partition("/")
    repository = {
        "id": 1296269,
        "name": name,
        "full_name": app.slug,
        "private": True,
        "owner": {"login": owner, "type": "Organization"},
        "html_url": f"https://github.com/{app.slug}",
        "default_branch": app.default_branch,
    }
    return {"repository": repository, "sender": {"login": "dev", "type": "User"}}
