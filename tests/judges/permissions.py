"""GitHub's rule on permissions: a called workflow may not request more than its caller was granted.

The rule and the messages are those of actions/runner, `WorkflowTemplateConverter.ConvertToReferencedWorkflow`,
`PermissionsHelper` and `Permissions`; GitHub refuses to start a run that breaks it, whatever the jobs' conditions say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.judges.judge import REPOSITORY

Tree = Mapping[str, Any]
Read = Callable[[str], Tree]
LEVELS = ("none", "read", "write")
NAMES = (
    "actions", "artifact-metadata", "attestations", "checks", "contents", "deployments", "discussions", "id-token",
    "issues", "models", "packages", "pages", "pull-requests", "repository-projects", "security-events", "statuses",
    "workflows",
)  # fmt: skip
# Permissions of a workflow without a `permissions` block, by GitHub's default settings of a repository.
DEFAULT = {"contents": "read", "packages": "read"}


def problems(caller: Tree, read: Read) -> list[str]:
    """Return why GitHub would not start a run of `caller`; `read` returns a workflow of the platform."""
    return [
        f"{name}: {problem}"
        for name, job in caller["jobs"].items()
        if "uses" in job
        for problem in _refused(job, _block(job, caller), read)
    ]


def needless(caller: Tree, read: Read) -> list[str]:
    """Return the permissions that `caller` grants and no called job requests."""
    return [
        f"{name}: {permission}: {level}"
        for name, job in caller["jobs"].items()
        if "uses" in job
        for permission, level in (_block(job, caller) or {}).items()
        if level != "none" and not _is_refused(job, {**(_block(job, caller) or {}), permission: _less(level)}, read)
    ]


def _is_refused(job: Tree, granted: Mapping[str, str], read: Read) -> bool:
    return any(_refused(job, granted, read))


def _less(level: str) -> str:
    return LEVELS[LEVELS.index(level) - 1]


def _refused(job: Tree, granted: Mapping[str, str] | None, read: Read) -> Iterator[str]:
    """Yield each request of the called workflow, and of those that it calls, that exceeds `granted`."""
    called = read(job["uses"].removeprefix(f"{REPOSITORY}/").removeprefix("./").removeprefix("$/").partition("@")[0])
    most = DEFAULT if granted is None else granted
    yield from _beyond("the workflow", _block(called), most)
    for name, nested in called["jobs"].items():
        yield from _beyond(f"the nested job '{name}'", _block(nested), most)
        if "uses" in nested:
            own = _block(nested, called)
            yield from _refused(nested, granted if own is None else own, read)


def _beyond(who: str, requested: Mapping[str, str] | None, most: Mapping[str, str]) -> Iterator[str]:
    for name, level in (requested or {}).items():
        allowed = most.get(name, "none")
        if LEVELS.index(level) > LEVELS.index(allowed):
            yield f"{who} is requesting '{name}: {level}', but is only allowed '{name}: {allowed}'"


def _block(*trees: Tree) -> dict[str, str] | None:
    """Return the first `permissions` block that one of `trees` has, `read-all` and `write-all` spelled out."""
    for tree in trees:
        block = tree.get("permissions")
        if isinstance(block, str):
            return dict.fromkeys(NAMES, block.removesuffix("-all"))
        if block is not None:
            return dict(block)
    return None
