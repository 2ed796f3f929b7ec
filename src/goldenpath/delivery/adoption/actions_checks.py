"""Checks of `goldenpath doctor`: GitHub Actions can run a delivery.

Sources: GitHub REST API, "Actions" (permissions, workflows, self-hosted runners, artifacts), "Get rules for a branch";
GitHub, "Managing GitHub Actions settings for a repository", "Disabling and enabling a workflow", "Managing a merge
queue".
"""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from goldenpath.delivery.adoption.settings import listed, objects
from goldenpath.shared.check_result import error, good, left_out, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.delivery.adoption.reusable_workflow import Caller
    from goldenpath.delivery.adoption.settings import RepositorySettings
    from goldenpath.shared.check_result import Remark

_PAGE = "per_page=100"
_SETTINGS = "Settings → Actions → General"
# Our actions refer to other actions by `$/`, which older runners do not support. Node.js 24 needs 2.327.1.
_MIN_RUNNER = (2, 336, 0)
# The storage that GitHub Free has for the artifacts and packages of all private repositories of an owner.
_FREE_MEGABYTES = 500
# GitHub stops schedules in a public repository without activity; `doctor` warns some days before that.
_INACTIVE_DAYS, _WARNING_DAYS = 60, 15
_DISABLED = {
    "disabled_fork": (
        "GitHub does not run a fork's workflows until a person enables them",
        "Actions tab → I understand my workflows, go ahead and enable them",
    ),
    "disabled_inactivity": (
        "GitHub disabled it, because this public repository had no commit for 60 days",
        "Actions tab → the workflow → Enable workflow; again after every 60 days without a commit",
    ),
    "disabled_manually": ("a person disabled it", "Actions tab → the workflow → Enable workflow"),
}


def policy(caller: Caller, settings: RepositorySettings) -> Iterator[Remark]:
    """Yield whether the Actions settings of the repository allow the actions that a delivery needs."""
    permissions = settings.get("/actions/permissions").fields
    allowed = (permissions or {}).get("allowed_actions", "all")
    selected = settings.get("/actions/permissions/selected-actions").fields if allowed == "selected" else {}
    if permissions is None or selected is None:
        what = "the token may not read which actions the repository may run"
        yield left_out("actions", what, f"see {_SETTINGS}, or use a token of an admin")
    elif not permissions.get("enabled"):
        yield error("actions", "Actions are disabled in this repository", f"{_SETTINGS} → Allow actions")
    elif refused := [] if allowed == "all" else _refused_actions(selected, caller, settings):
        yield error("actions", f"the repository may not run {' or '.join(refused)}", f"{_SETTINGS} → Allow actions")
    else:
        pinned = "; its rule for full commit ids covers actions, not called workflows"
        yield good("actions", "a delivery may run" + (pinned if permissions.get("sha_pinning_required") else ""))


def _refused_actions(selected: Mapping[str, Any], caller: Caller, settings: RepositorySettings) -> list[str]:
    """Return the actions that a delivery needs and that are not `selected`. Those of the owner are always allowed."""
    patterns = [str(pattern) for pattern in selected.get("patterns_allowed") or ()]
    owner = ((settings.get("").fields or {}).get("owner") or {}).get("login", "")
    needed = (
        (not selected.get("github_owned_allowed"), "actions/checkout", "GitHub's own actions"),
        (
            caller.slug.partition("/")[0].lower() != str(owner).lower(),
            caller.slug,
            f"the workflows and actions of {caller.slug}",
        ),
    )
    return [actions for needs_pattern, slug, actions in needed if needs_pattern and not _matches(slug, patterns)]


def _matches(slug: str, patterns: Sequence[str]) -> bool:
    """Return whether a pattern (`owner/*`, `owner/name@v1`) covers the repository `slug`, or a path in it."""
    names = [pattern.partition("@")[0].lower() for pattern in patterns]
    return any(fnmatchcase(path.lower(), name) for name in names for path in (slug, f"{slug}/x"))


def workflows(names: Sequence[str], settings: RepositorySettings) -> Iterator[Remark]:
    """Yield an error for every one of the workflow files `names` that is disabled on GitHub."""
    known = listed(settings.get(f"/actions/workflows?{_PAGE}"), "workflows")
    if known is None:
        yield left_out("workflows", "the token may not read whether the workflows are enabled", "see the Actions tab")
        return
    for workflow in known:
        if workflow.get("path") in names and workflow.get("state") in _DISABLED:
            why, fix = _DISABLED[str(workflow["state"])]
            yield error("workflows", f"{workflow['path']} does not run: {why}", fix)


def schedule(names: Sequence[str], settings: RepositorySettings) -> Iterator[Remark]:
    """Yield a warning where GitHub will soon stop the scheduled workflows `names`: in an inactive public repository."""
    repository = settings.get("").fields
    if not names or repository is None or repository.get("private", True):
        return
    days = _days_since(str(repository.get("pushed_at") or ""))
    if days >= _INACTIVE_DAYS - _WARNING_DAYS:
        limit = f"GitHub stops the schedule of {' and '.join(names)} after {_INACTIVE_DAYS}"
        fix = "push a commit, or enable the workflow again in the Actions tab after GitHub stopped it"
        yield warning("schedule", f"the last push was {days} days ago; {limit}", fix)


def _days_since(when: str) -> int:
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(when)).days
    except ValueError:
        return 0


def merge_queue(caller: Caller, branch: str, settings: RepositorySettings) -> Iterator[Remark]:
    """Yield an error where a merge queue waits for a check that the caller never reports there."""
    if not branch or "merge_group" in caller.events:
        return
    rules = objects(settings.get(f"/rules/branches/{quote(branch, safe='')}?{_PAGE}").body) or []
    if not any(rule.get("type") == "merge_queue" for rule in rules):
        return
    fix = f"add `merge_group:` under `on:` in {caller.file}, as in docs/templates/workflows"
    checks = [
        str(check.get("context", ""))
        for rule in rules
        if rule.get("type") == "required_status_checks"
        for check in (rule.get("parameters") or {}).get("required_status_checks") or ()
    ]
    if any(check.endswith("/ verdict") for check in checks):
        what = f"the merge queue of `{branch}` waits for the verdict, but {caller.file} does not run for a merge queue"
        yield error("merge queue", what, fix)
    else:
        what = f"`{branch}` has a merge queue, but {caller.file} does not check the merged commits"
        yield warning("merge queue", what, fix)


def runners(caller: Caller, settings: RepositorySettings) -> Iterator[Remark]:
    """Yield which runners of the repository are too old, or are not ephemeral."""
    known = listed(settings.get(f"/actions/runners?{_PAGE}"), "runners")
    own = [caller.inputs[name] for name in ("runner", "runners") if caller.inputs.get(name)]
    needed = ".".join(map(str, _MIN_RUNNER))
    if known is None:
        if own:
            what = f"the token may not read the versions of the runners that {caller.file} names"
            yield left_out("runners", what, f"they must be {needed} or newer; use a token of an admin")
        return
    for runner in known:
        name, version = runner.get("name"), str(runner.get("version") or "")
        number = tuple(int(part) for part in version.split(".") if part.isdecimal())
        if version and number < _MIN_RUNNER:
            what = f"the runner {name} has version {version}, but the platform's actions need {needed}"
            yield error("runners", what, "update it, or enable its automatic updates (docs/setup.md of the platform)")
        if runner.get("ephemeral") is False:
            what = f"the runner {name} is not ephemeral: a job can read and change the files of the job before it"
            yield warning("runners", what, "use `config.sh --ephemeral`, or Actions Runner Controller")


def artifacts(settings: RepositorySettings) -> Remark:
    """Return the size of the stored artifacts of the repository. Only admins can see the quota of its owner."""
    response = settings.get(f"/actions/artifacts?{_PAGE}")
    known, repository = listed(response, "artifacts"), settings.get("").fields
    if known is None or repository is None or response.fields is None:
        return left_out(
            "artifacts", "the token may not read the stored artifacts", "see Settings → Billing of the owner"
        )
    stored = [artifact for artifact in known if not artifact.get("expired")]
    megabytes = sum(int(artifact.get("size_in_bytes") or 0) for artifact in stored) / 1e6
    total = int(response.fields.get("total_count", 0))
    newest = f"the newest {len(stored)} of {total}" if total > len(known) else f"{len(stored)}"
    usage = f"{newest} stored {'artifact uses' if len(stored) == 1 else 'artifacts use'} {megabytes:.0f} MB"
    if repository.get("private") and megabytes > _FREE_MEGABYTES:
        what = f"{usage}; GitHub Free has {_FREE_MEGABYTES} MB for all private repositories of an owner together"
        return warning("artifacts", what, "see Settings → Billing of the owner; deliveries fail when the quota is full")
    return good("artifacts", usage)
