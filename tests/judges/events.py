"""Parse the events that start a run, like `push to main`, into the contexts that GitHub gives to its jobs.

Sources: GitHub, "Contexts reference", "Events that trigger workflows"; the webhooks of each event.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests import environments

SLUG = "team/my-app"
FORK = "stranger/my-app"
SECRETS = {secret: f"the role of {name}" for name, secret in environments.ROLE_SECRETS.items()}
DEFAULT_TYPES = ("opened", "synchronize", "reopened")
_PATTERNS = (
    r"push to (?P<branch>\S+)",
    r"push of tag (?P<tag>\S+)",
    r"pull request into (?P<base>\S+)(?P<fork> from a fork)?(?P<bot> by Dependabot)?(?: with another (?P<edited>\w+))?",
    r"merge queue of (?P<queue>\S+)",
    r"dispatch on (?P<on>\S+)(?: for (?P<environment>\S+))?",
    r"schedule",
)


@dataclass(frozen=True)
class Event:
    """An event: the `github` context, the inputs of a dispatch, and the secrets of the repository."""

    github: Mapping[str, Any]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=lambda: SECRETS)

    def starts(self, on: str | Mapping[str, Any]) -> bool:
        """Return whether the event starts a workflow with this `on`, by its types, branches and tags."""
        name, ref = self.github["event_name"], self.github["ref"]
        listened = {on: None} if isinstance(on, str) else on
        if name not in listened:
            return False
        filters = listened[name] or {}
        if name == "pull_request":
            return self.github["event"]["action"] in filters.get("types", DEFAULT_TYPES)
        if name != "push" or not {"branches", "tags"} & set(filters):
            return True
        kind, _, short = ref.removeprefix("refs/").partition("/")
        return any(
            fnmatch.fnmatch(short, each) for each in filters.get({"heads": "branches", "tags": "tags"}[kind], ())
        )


def parse(words: str) -> Event:
    """Return the event that `words` name, like `pull request into main from a fork`."""
    for pattern in _PATTERNS:
        if match := re.fullmatch(pattern, words):
            return _event(match.groupdict())
    raise ValueError(f"{words!r} is no event of this table: it has {_PATTERNS}")


def _event(of: Mapping[str, str | None]) -> Event:
    if branch := of.get("branch"):
        return Event(_github("push", f"refs/heads/{branch}"))
    if tag := of.get("tag"):
        return Event(_github("push", f"refs/tags/{tag}"))
    if base := of.get("base"):
        head = {"repo": {"full_name": FORK if of.get("fork") else SLUG}}
        edited = of.get("edited")
        changed = {"action": "edited", "changes": {edited: {"ref": {"from": "it-was"}}}} if edited else {}
        event = {"action": "synchronize", "pull_request": {"base": {"ref": base}, "head": head, "number": 7}, **changed}
        github = _github("pull_request", "refs/pull/7/merge", event, base_ref=base, head_ref="my-change")
        actor = {"actor": "dependabot[bot]"} if of.get("bot") else {}
        return Event({**github, **actor}, secrets={} if of.get("fork") or of.get("bot") else SECRETS)
    if queue := of.get("queue"):
        event = {"merge_group": {"base_ref": f"refs/heads/{queue}", "head_ref": f"refs/heads/{_queued(queue)}"}}
        return Event(_github("merge_group", f"refs/heads/{_queued(queue)}", event))
    if on := of.get("on"):
        inputs = {"environment": of.get("environment") or "dev"}  # the form's default, which GitHub fills in
        return Event(_github("workflow_dispatch", f"refs/heads/{on}", {"inputs": inputs}), inputs)
    return Event(_github("schedule", "refs/heads/main"))


def _queued(branch: str) -> str:
    return f"gh-readonly-queue/{branch}/pr-7-{'a' * 40}"


def _github(name: str, ref: str, event: Mapping[str, Any] | None = None, **more: str) -> dict[str, Any]:
    short = "7/merge" if ref.startswith("refs/pull/") else ref.split("/", 2)[2]
    # The event of a schedule names no repository.
    repository = {} if name == "schedule" else {"repository": {"name": SLUG.partition("/")[2], "full_name": SLUG}}
    return {
        "event_name": name, "ref": ref, "ref_name": short, "base_ref": "", "head_ref": "", "repository": SLUG,
        "repository_owner": "team", "actor": "somebody", "run_id": "4711", "event": {**repository, **(event or {})},
        **more,
    }  # fmt: skip
