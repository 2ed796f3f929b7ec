"""The checks of `goldenpath doctor` that ask whether an app may call the platform, and whether it does so as it should.

Source: GitHub, "Reusing workflow configurations" (who may call whom, `secrets: inherit`); GitHub REST API, "Get the
level of access for workflows outside of the repository".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.adoption.check_result import error, good, left_out, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.reusable_workflow import Caller, CommentCaller
    from goldenpath.delivery.adoption.settings import Settings

_ABOUT = "platform"
_ACCESS = "Settings → Actions → General → Access"
# Which repositories may call a workflow of one with this visibility.
_MAY_CALL = {
    "public": ("public", "internal", "private"),
    "internal": ("internal", "private"),
    "private": ("private",),
}


def access(caller: Caller, slug: str, settings: Settings) -> Remark:
    """Return whether the app `slug` may call the platform's workflow."""
    if caller.slug.lower() == slug.lower():
        return good(_ABOUT, "the workflow is in the same repository")
    own, platform = settings.get("").fields, settings.of(caller.slug)
    found = platform.get("").fields
    if own is None or found is None:
        what = f"this token may not read who may call {caller.slug}"
        return left_out(_ABOUT, what, f"a private one lists it under {_ACCESS}")
    theirs, ours = _visibility(found), _visibility(own)
    if ours not in _MAY_CALL[theirs]:
        what = f"{caller.slug} is {theirs}, and this repository is {ours}: GitHub refuses the call"
        return error(_ABOUT, what, f"a {ours} repository can call a platform that is at least as visible")
    if theirs == "public":
        return good(_ABOUT, f"{caller.slug} is public and may be called")
    return _level(caller.slug, theirs, slug, platform)


def _visibility(repository: object) -> str:
    fields = repository if isinstance(repository, dict) else {}
    known = str(fields.get("visibility", ""))
    return known if known in _MAY_CALL else "private" if fields.get("private", True) else "public"


def _level(platform_slug: str, visibility: str, slug: str, platform: Settings) -> Remark:
    level = (platform.get("/actions/permissions/access").fields or {}).get("access_level")
    if level is None:
        what = f"this token may not read who may call {platform_slug}, which is {visibility}"
        return left_out(_ABOUT, what, f"have an admin of it see {_ACCESS}")
    if level == "none":
        what = f"{platform_slug} is {visibility} and lets no other repository call it"
        return error(_ABOUT, what, f"in {platform_slug}: {_ACCESS} → Accessible from repositories of the organisation")
    if platform_slug.partition("/")[0].lower() != slug.partition("/")[0].lower() and level != "enterprise":
        what = f"{platform_slug} is {visibility} and lets only repositories of its own owner call it"
        return error(_ABOUT, what, "have a copy of the platform in this organisation (docs/setup.md)")
    return good(_ABOUT, f"{platform_slug} may be called from here")


def secrets(caller: Caller, slug: str) -> Iterator[Remark]:
    """Yield a warning where `secrets: inherit` hands nothing on: GitHub does that within an organisation only."""
    if caller.secrets is None and slug and slug.partition("/")[0].lower() != caller.slug.partition("/")[0].lower():
        what = f"`secrets: inherit` hands nothing on to {caller.slug}, unless both belong to one enterprise"
        yield warning("secrets", what, "name each secret under `secrets:`, or have a copy of the platform")


def comments(caller: CommentCaller) -> Iterator[Remark]:
    """Yield a warning where a comment cannot show the verdict, because its caller follows an older template."""
    if missing := sorted({"reports_artifact_id", "evidence"} - caller.given):
        what = f"the comment of {caller.file} cannot show the verdict: it is not given {' nor '.join(missing)}"
        yield warning("comment", what, "copy them from docs/templates/workflows/pull-request.yml of the platform")


def target(caller: Caller, settings: Settings | None) -> Iterator[Remark]:
    """Yield a warning for a delivery by `pull_request_target`, which GitHub blocks in public repositories."""
    if "pull_request_target" not in caller.events:
        return
    repository = settings.get("").fields if settings else None
    if repository is None or not repository.get("private", True):
        what = f"{caller.file} starts by `pull_request_target`, which GitHub blocks in public repositories"
        yield warning("workflow", what, "use `pull_request`; the block is the default from 2 December 2026 on")
