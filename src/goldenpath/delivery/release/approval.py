"""Require the approval of a release by a person, where the platform's rules demand it.

GitHub lets a job that names an environment without required reviewers start at once, and creates an environment that
does not exist. So a release asks twice: its OIDC token says to which environment the job is bound, and GitHub's API
which rules that one has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.github import environments
from goldenpath.shared import oidc, runner
from goldenpath.shared.errors import ReleaseUnapproved

if TYPE_CHECKING:
    from goldenpath.delivery.stage import Run

_WHY = "The platform's rules say `approval: required` of {}"


def require(run: Run) -> None:
    """Raise `ReleaseUnapproved` unless a required reviewer approved this job, where the environment demands it."""
    name = run.environment.name
    if not run.environment.approval_required or not run.event.in_workflow:
        return
    # GitHub signs this claim. Every variable of the job could have been set by an earlier step.
    bound = oidc.claims(oidc.token(runner.variables())).get("environment", "")
    if bound != name:
        raise ReleaseUnapproved(
            f"This job is not bound to the GitHub environment {name}, so nobody had to approve it",
            why=_WHY.format(name),
            fix=f"Give `approval: true` to _build-and-release.yml; a job of your own says `environment: {name}`",
        )
    rules = environments.read(run.runner.api_url, run.request.github_token, run.event.repository, name)
    if not environments.has_reviewers(rules):
        raise ReleaseUnapproved(
            f"The GitHub environment {name} has no required reviewers, so nobody had to approve this release",
            why=_WHY.format(name),
            fix=f"Settings → Environments → {name} → Required reviewers; a private repository has them with GitHub "
            "Enterprise only",
        )
