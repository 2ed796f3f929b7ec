"""Checks of `goldenpath doctor`: an app may call the platform, and calls it correctly.

Source: GitHub, "Reusing workflow configurations" (who may call whom, `secrets: inherit`); GitHub REST API, "Get the
level of access for workflows outside of the repository".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.shared.check_result import error, good, left_out, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.adoption.reusable_workflow import Caller, CommentCaller
    from goldenpath.delivery.adoption.settings import RepositorySettings
    from goldenpath.shared.check_result import Remark

_ABOUT = "platform"
_ACCESS = "Settings → Actions → General → Access"
# The visibility of a repository, and the visibilities of the repositories that may call its workflows.
_CALLERS = {
    "public": ("public", "internal", "private"),
    "internal": ("internal", "private"),
    "private": ("private",),
}


def access(caller: Caller, slug: str, settings: RepositorySettings) -> Remark:
    """Return whether the app `slug` may call the platform's workflow."""
    if caller.slug.lower() == slug.lower():
        return good(_ABOUT, "the workflow is in the same repository")
    own, platform = settings.get("").fields, settings.of(caller.slug)
    called = platform.get("").fields
    if own is None or called is None:
        what = f"the token may not read who may call {caller.slug}"
        return left_out(_ABOUT, what, f"a private platform shows it under {_ACCESS}")
    theirs, ours = _visibility(called), _visibility(own)
    if ours not in _CALLERS[theirs]:
        what = f"{caller.slug} is {theirs}, but this repository is {ours}: GitHub refuses the call"
        return error(_ABOUT, what, "call a platform that is at least as visible as this repository")
    if theirs == "public":
        return good(_ABOUT, f"{caller.slug} is public, so this repository may call it")
    return _level(caller.slug, theirs, slug, platform)


def _visibility(repository: object) -> str:
    fields = repository if isinstance(repository, dict) else {}
    known = str(fields.get("visibility", ""))
    return known if known in _CALLERS else "private" if fields.get("private", True) else "public"


def _level(platform_slug: str, visibility: str, slug: str, platform: RepositorySettings) -> Remark:
    level = (platform.get("/actions/permissions/access").fields or {}).get("access_level")
    if level is None:
        what = f"the token may not read who may call {platform_slug}, which is {visibility}"
        return left_out(_ABOUT, what, f"ask an admin of that repository to check {_ACCESS}")
    if level == "none":
        what = f"{platform_slug} is {visibility} and allows no other repository to call it"
        return error(_ABOUT, what, f"in {platform_slug}: {_ACCESS} → Accessible from repositories of the organisation")
    if level != "enterprise" and not _same_owner(platform_slug, slug):
        what = f"{platform_slug} is {visibility} and allows only repositories of its own owner to call it"
        return error(_ABOUT, what, "use a copy of the platform in this organisation (docs/setup.md)")
    return good(_ABOUT, f"this repository may call {platform_slug}")


def _same_owner(slug: str, other: str) -> bool:
    return slug.partition("/")[0].lower() == other.partition("/")[0].lower()


def secrets(caller: Caller, slug: str) -> Iterator[Remark]:
    """Yield a warning where `secrets: inherit` passes nothing, because the platform has another owner."""
    if caller.secrets is None and slug and not _same_owner(slug, caller.slug):
        what = f"`secrets: inherit` passes nothing to {caller.slug}, unless both belong to one enterprise"
        yield warning("secrets", what, "name every secret under `secrets:`, or use a copy of the platform")


def comments(caller: CommentCaller) -> Iterator[Remark]:
    """Yield a warning where the comment cannot show the verdict, because its caller is from an older template."""
    if missing := sorted({"reports_artifact_id", "evidence"} - caller.inputs):
        what = f"the comment of {caller.file} cannot show the verdict, because inputs are missing: {', '.join(missing)}"
        yield warning("comment", what, "copy them from docs/templates/workflows/pull-request.yml of the platform")


def target(caller: Caller, settings: RepositorySettings | None) -> Iterator[Remark]:
    """Yield a warning for a delivery by `pull_request_target`, which GitHub blocks in public repositories."""
    if "pull_request_target" not in caller.events:
        return
    repository = settings.get("").fields if settings else None
    if repository is None or not repository.get("private", True):
        what = f"{caller.file} starts by `pull_request_target`, which GitHub blocks in public repositories"
        yield warning(
            "workflow", what, "use `pull_request`; GitHub blocks the other event by default from 2 December 2026"
        )
