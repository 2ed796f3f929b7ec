"""Check that a branch or tag was reviewed: a release is refused otherwise.

`gitleaks-gate` has the history, so it looks for the branch of the tag's commit. Its verdict carries the result to
`ecr-push`, which has no checkout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.checkout import git_branches
from goldenpath.shared import git
from goldenpath.shared.errors import NotReviewed, ToolFailed, ToolTimeout

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.delivery.model.event import Event
    from goldenpath.delivery.model.verdict import Verdict
    from goldenpath.delivery.rules.matrix import Environment

_PROTECT = "docs/setup.md says how to protect an app's repository"
_GITFLOW = (
    "If releases are made on other branches, ask the platform team to list them as `tags_from` in environments.yaml"
)


def require_branch(environment: Environment, event: Event) -> None:
    """Raise `NotReviewed` unless the branch of a workflow run may be released to `environment`."""
    if not environment.reviewed_branches or not event.in_workflow or event.tag or event.is_on_reviewed_branch:
        return
    require_default_branch(event)
    raise NotReviewed(
        f"{event.ref} is not a reviewed branch, and {environment.name} accepts releases only from reviewed branches",
        why=f"It is not the default branch ({event.default_branch}), and GitHub has no protection rule for it",
        fix=f"Merge into {event.default_branch} and release from there, or protect this branch; {_PROTECT}",
    )


def require_default_branch(event: Event) -> None:
    """Raise `NotReviewed` when the default branch of the repository is not known."""
    if not event.default_branch:
        raise NotReviewed(
            "The default branch of this repository is not known, so nothing counts as reviewed",
            why=f"The event `{event.name}` of this workflow run has no `repository.default_branch`",
            fix="Start the workflow by a push, a pull request, a schedule or by hand",
        )


def branch_of_tag(environment: Environment, event: Event, source: Path) -> str:
    """Return the branch of origin that contains the commit of the run's tag; empty when no branch is required.

    Raises `NotReviewed` when none of the branches from which `environment` accepts tags contains it.
    """
    branches = _branches_of_tags(environment, event)
    unread = []
    for branch in branches:
        try:
            if git.is_ancestor(source, event.commit, git_branches.tip(source, branch)):
                return branch
        except (ToolFailed, ToolTimeout) as error:
            unread.append(f"{branch} cannot be read: {' '.join((error.why or error.what).split())}")
    if branches:
        raise _not_merged(environment, event, branches, unread)
    return ""


def require_tag(environment: Environment, event: Event, verdict: Verdict) -> None:
    """Raise `NotReviewed` unless the `verdict` of gitleaks-gate names a branch from which tags are accepted."""
    branches = _branches_of_tags(environment, event)
    if branches and verdict.reviewed_on not in branches:
        review = f"names {verdict.reviewed_on}" if verdict.reviewed_on else "names no branch"
        raise NotReviewed(
            f"The verdict of gitleaks does not say that the tag {event.tag} is on {' or '.join(branches)}",
            why=f"{environment.name} accepts tags only from there, and the verdict {review}",
            fix="Run `goldenpath gitleaks-gate` again for this tag and environment, then every stage after it",
        )


def _branches_of_tags(environment: Environment, event: Event) -> tuple[str, ...]:
    """Return the branches of which one must contain the run's tag; none when the run needs no such branch."""
    if not event.in_workflow or not event.tag or event.is_pull_request:
        return ()
    branches = environment.branches_of_tags(event.default_branch)
    if branches == ("",):
        require_default_branch(event)
    return branches or ()


def _not_merged(environment: Environment, event: Event, branches: tuple[str, ...], unread: list[str]) -> NotReviewed:
    named = " or ".join(branches)
    if unread:
        return NotReviewed(
            f"Whether the tag {event.tag} is on {named} could not be checked",
            why="; ".join(unread) + "",
            fix="Check out the repository of the workflow run with `fetch-depth: 0`, then run it again",
        )
    return NotReviewed(
        f"The tag {event.tag} is on commit {event.commit[:12]}, which is not on {named}",
        why=f"{environment.name} accepts tags only from there, because only merged commits were reviewed",
        fix=f"Merge first, then tag the merged commit. {_GITFLOW}",
    )
