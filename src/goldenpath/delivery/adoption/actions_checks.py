"""The checks of `goldenpath doctor` that ask whether GitHub Actions will run a delivery as it is written.

Sources: GitHub REST API, "Actions" (permissions, workflows, self-hosted runners, artifacts), "Get rules for a branch";
GitHub, "Managing GitHub Actions settings for a repository", "Disabling and enabling a workflow", "Managing a merge
queue".
"""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from goldenpath.delivery.adoption.check_result import error, good, left_out, warning
from goldenpath.delivery.adoption.settings import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.reusable_workflow import Caller
    from goldenpath.delivery.adoption.settings import Settings

_PAGE = "per_page=100"
_SETTINGS = "Settings → Actions → General"
# Our actions name each other by `$/`, which older runners do not know. Actions on Node.js 24 need 2.327.1.
_RUNNER = (2, 336, 0)
# What GitHub Free stores of artifacts and packages in all private repositories of an owner together.
_FREE_BYTES = 500_000_000
# GitHub stops schedules in a public repository without activity; `doctor` warns some days before.
_QUIET_DAYS, _WARNED_DAYS = 60, 15
_STOPPED = {
    "disabled_fork": (
        "GitHub does not run a fork's workflows until somebody switches them on",
        "Actions tab → I understand my workflows, go ahead and enable them",
    ),
    "disabled_inactivity": (
        "GitHub stopped it, because nobody committed to this public repository for 60 days",
        "Actions tab → the workflow → Enable workflow; again after each 60 days without a commit",
    ),
    "disabled_manually": ("somebody disabled it", "Actions tab → the workflow → Enable workflow"),
}


def policy(caller: Caller, settings: Settings) -> Iterator[Remark]:
    """Yield whether the Actions settings of the repository let it run the actions that a delivery needs."""
    found = settings.get("/actions/permissions").fields
    allowed = (found or {}).get("allowed_actions", "all")
    chosen = settings.get("/actions/permissions/selected-actions").fields if allowed == "selected" else {}
    if found is None or chosen is None:
        what = "this token may not read which actions the repository may run"
        yield left_out("actions", what, f"see {_SETTINGS}, or give a token of an admin")
    elif not found.get("enabled"):
        yield error("actions", "Actions are switched off in this repository", f"{_SETTINGS} → Allow actions")
    elif refused := [] if allowed == "all" else _refused(chosen, caller, settings):
        yield error("actions", f"the repository may not run {' nor '.join(refused)}", f"{_SETTINGS} → Allow actions")
    else:
        pinned = "; its rule about full commit ids holds for actions, not for the workflow that is called"
        yield good("actions", "a delivery may run" + (pinned if found.get("sha_pinning_required") else ""))


def _refused(chosen: Mapping[str, Any], caller: Caller, settings: Settings) -> list[str]:
    """Return what a delivery needs and is not among the `chosen` actions. What the owner has is always allowed."""
    patterns = [str(each) for each in chosen.get("patterns_allowed") or ()]
    needed = (
        (not chosen.get("github_owned_allowed"), "actions/checkout", "GitHub's own actions"),
        (
            caller.slug.partition("/")[0].lower() != str(_owner(settings)).lower(),
            caller.slug,
            f"the workflows and actions of {caller.slug}",
        ),
    )
    return [words for asked, slug, words in needed if asked and not _fits(slug, patterns)]


def _owner(settings: Settings) -> object:
    return ((settings.get("").fields or {}).get("owner") or {}).get("login", "")


def _fits(slug: str, patterns: Sequence[str]) -> bool:
    """Tell whether a pattern (`owner/*`, `owner/name@v1`) is about the repository `slug`, or about something in it."""
    written = [each.partition("@")[0].lower() for each in patterns]
    return any(fnmatchcase(name.lower(), each) for each in written for name in (slug, f"{slug}/x"))


def workflows(names: Sequence[str], settings: Settings) -> Iterator[Remark]:
    """Yield which of the workflow files `names` GitHub does not start any more."""
    known = listed(settings.get(f"/actions/workflows?{_PAGE}"), "workflows")
    if known is None:
        yield left_out("workflows", "this token may not read whether the workflows are enabled", "see the Actions tab")
        return
    for each in known:
        if each.get("path") in names and each.get("state") in _STOPPED:
            why, fix = _STOPPED[str(each["state"])]
            yield error("workflows", f"{each['path']} does not run: {why}", fix)


def schedule(names: Sequence[str], settings: Settings) -> Iterator[Remark]:
    """Yield a warning where GitHub is about to stop the scheduled workflows `names`: in a quiet public repository."""
    repository = settings.get("").fields
    if not names or repository is None or repository.get("private", True):
        return
    quiet = _days_since(str(repository.get("pushed_at") or ""))
    if quiet >= _QUIET_DAYS - _WARNED_DAYS:
        what = f"nobody pushed for {quiet} days; GitHub stops the schedule of {' and '.join(names)} after {_QUIET_DAYS}"
        yield warning(
            "schedule", what, "push a commit, or enable the workflow again in the Actions tab once it stopped"
        )


def _days_since(when: str) -> int:
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(when)).days
    except ValueError:
        return 0


def merge_queue(caller: Caller, branch: str, settings: Settings) -> Iterator[Remark]:
    """Yield an error where a merge queue waits for a check that the caller never reports there."""
    if not branch or "merge_group" in caller.events:
        return
    reply = settings.get(f"/rules/branches/{quote(branch, safe='')}?{_PAGE}")
    rules = [each for each in reply.body if isinstance(each, dict)] if isinstance(reply.body, list) else []
    if not any(each.get("type") == "merge_queue" for each in rules):
        return
    fix = f"add `merge_group:` under `on:` in {caller.file}, as docs/templates/workflows has it"
    checks = [
        str(check.get("context", ""))
        for each in rules
        if each.get("type") == "required_status_checks"
        for check in (each.get("parameters") or {}).get("required_status_checks") or ()
    ]
    if any(check.endswith("/ verdict") for check in checks):
        what = f"the merge queue of `{branch}` waits for a verdict, and {caller.file} does not run there"
        yield error("merge queue", what, fix)
    else:
        what = f"`{branch}` has a merge queue, and {caller.file} does not check what it merges"
        yield warning("merge queue", what, fix)


def runners(caller: Caller, settings: Settings) -> Iterator[Remark]:
    """Yield which runners of the repository are too old, or keep what a job leaves."""
    known = listed(settings.get(f"/actions/runners?{_PAGE}"), "runners")
    own = [caller.given.get(name, "") for name in ("runner", "runners") if caller.given.get(name)]
    needed = ".".join(map(str, _RUNNER))
    if known is None:
        if own:
            what = f"this token may not read the versions of the runners that {caller.file} names"
            yield left_out("runners", what, f"they must be {needed} or newer; give a token of an admin")
        return
    for each in known:
        name, version = each.get("name"), str(each.get("version") or "")
        if version and _number(version) < _RUNNER:
            what = f"the runner {name} has the version {version}, and the platform's actions need {needed}"
            yield error("runners", what, "update it, or let it update itself (docs/setup.md of the platform)")
        if each.get("ephemeral") is False:
            what = f"the runner {name} is not ephemeral: the next job finds what this one leaves on it"
            yield warning("runners", what, "`config.sh --ephemeral`, or Actions Runner Controller")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def artifacts(settings: Settings) -> Remark:
    """Return how much the stored artifacts of the repository hold. The quota of its owner is for its admins to see."""
    reply = settings.get(f"/actions/artifacts?{_PAGE}")
    known, repository = listed(reply, "artifacts"), settings.get("").fields
    if known is None or repository is None or reply.fields is None:
        return left_out("artifacts", "this token may not read what is stored", "see Settings → Billing of the owner")
    kept = [each for each in known if not each.get("expired")]
    size = sum(int(each.get("size_in_bytes") or 0) for each in kept)
    total, megabytes = int(reply.fields.get("total_count", 0)), f"{size / 1e6:.0f} MB"
    of = f"the newest {len(kept)} of {total}" if total > len(known) else f"{len(kept)}"
    if repository.get("private") and size > _FREE_BYTES:
        what = (
            f"{of} stored artifacts hold {megabytes}; on GitHub Free 500 MB are for all private repositories together"
        )
        return warning("artifacts", what, "see Settings → Billing of the owner; a full quota stops every delivery")
    return good("artifacts", f"{of} stored artifacts hold {megabytes}")
