"""Decide whether findings go to GitHub code scanning, and require it to be on where the platform says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.github.code_scanning import CodeScanning, off
from goldenpath.delivery.model.finding import Gate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.delivery.stage import Run

_IN_QUEUE = "GitHub deletes a merge queue's branch before it takes findings; the run after the merge uploads them"
_OTHER_HASH = "GitHub takes findings only for commits that are named by SHA-1"
_SHA_1_DIGITS = 40


def require_code_scanning(run: Run) -> None:
    """Raise `CodeScanningOff` where the platform requires code scanning and GitHub says that it is off.

    This takes one request before the build. A token without the permission changes nothing: the upload reports it.
    """
    if not run.environment.code_scanning_required or not run.request.github_token or why_not(run, tuple(Gate)):
        return
    if CodeScanning(run.runner.api_url, run.request.github_token).is_on(run.event.repository) is False:
        raise off(run.event.repository)


def why_not(run: Run, ready: Sequence[Gate]) -> str:
    """Return the reason why findings are not uploaded; empty when they are."""
    at_terminal = not run.runner.in_actions and not run.request.github_token
    reasons = (
        (not run.environment.sarif_upload, f"the platform's rules for {run.environment.name} do not ask for it"),
        (not ready, "no gate came to a verdict"),
        (not run.event.repository, "this is no GitHub repository"),
        (len(run.event.commit) != _SHA_1_DIGITS and not run.environment.code_scanning_required, _OTHER_HASH),
        (at_terminal, "there is no GITHUB_TOKEN at this terminal"),
        (run.event.is_on_queue_branch, _IN_QUEUE),
        (run.event.fork, "the pull request comes from a fork, whose token may not write security events"),
    )
    return next((reason for applies, reason in reasons if applies), "")
