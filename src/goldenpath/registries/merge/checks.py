"""Every check of a merged pull request that needs no role: done before one is given to a job, and again in that job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.errors import BadInput, PlanDrifted
from goldenpath.registries import platform_git, review
from goldenpath.registries.merge import commit_range, entries, trusted
from goldenpath.registries.request import known_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.registries.merge.commit_range import MergeRange
    from goldenpath.registries.merge.entries import Merged
    from goldenpath.registries.merge.push import Push
    from goldenpath.registries.review import Record


@dataclass(frozen=True)
class Checkouts:
    """The two checkouts of an apply, and the way to the rest of the repository.

    `trusted` is the default branch, whose tool and Terraform configuration run; `merged` is what was pushed, and data.
    `fetch` brings a ref or a commit of the platform's repository into `merged`, as it is now, and returns its id;
    `push` is what brought the merge.
    """

    trusted: Path
    merged: Path
    fetch: Callable[[str], str]
    push: Push


@dataclass(frozen=True)
class Reviewed:
    """What may be applied: the record of the reviewed plan, and the commits that brought its registry."""

    record: Record
    range: MergeRange


def check(at: Checkouts, pull: Merged) -> Reviewed:
    """Return what `pull` asks to be applied.

    Raises `PlanDrifted`, `PlanUnexpected`, `ConfigurationUntrusted`, `UnknownEnvironment`, `RegistryConfigUnexpected`,
    `SourceUnusable`, and `BadInput` for checkouts of other commits.
    """
    trusted.require_apart(at.trusted, at.merged)
    after = platform_git.resolved(at.merged, pull.commit)
    require_in_push(at, pull)
    record = review.read(pull.body)
    known_environment(record.environment)
    found = commit_range.find(at.merged, pull, at.fetch)
    touched = entries.touched(at.merged, found.fork, found.tip)
    entries.require_one(touched, record)
    for before, then in found.spans:
        entries.require_nothing_else(at.merged, touched, before, then)
    entries.require_as_proposed(at.merged, record, found.tip, after)
    newest = at.fetch(f"refs/heads/{at.push.base}")
    require_still_merged(at, after, newest)
    entries.require_latest(at.merged, record, after, newest, at.push.base)
    trusted.require_same(at.trusted, at.merged, record.environment, after)
    return Reviewed(record, found)


def require_in_push(at: Checkouts, pull: Merged) -> None:
    """Refuse with `BadInput` a pull request that this push did not merge, or a checkout of another push."""
    if platform_git.resolved(at.merged, "HEAD") != at.push.after:
        raise BadInput(
            "the checkout is not at the pushed commit", why=f"that is {at.push.after}", fix="check out that commit"
        )
    if pull.commit not in at.push.commits(at.merged):
        raise BadInput(
            f"this push did not merge pull request #{pull.number}",
            why=f"{pull.commit} merged it, which is not among the commits that the push brought to {at.push.base}",
            fix="nothing was applied; run the wizard again for this registry",
        )


def require_still_merged(at: Checkouts, after: str, newest: str) -> None:
    """Refuse with `PlanDrifted` a merge, at `after`, that is no longer in the branch, whose tip is `newest`."""
    if not platform_git.contains(at.merged, newest, after):
        raise PlanDrifted(
            "the merged pull request is not in its branch any more",
            why=f"the history of {at.push.base} was rewritten since, and its newest commit is {newest}",
            fix="nothing was applied; run the wizard again for this registry",
        )
