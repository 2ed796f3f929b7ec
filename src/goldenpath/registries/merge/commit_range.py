"""Which commits a merged pull request brought, whether they were merged, squashed, rebased or went through a queue.

A rebase of several commits leaves the last of them as the commit that merged: what it did to its parent is not what the
pull request did. So the branch of the pull request itself is looked at, from where it forked to its tip, and GitHub's
own counts have to agree; what the merge did last is looked at as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.errors import PlanUnexpected
from goldenpath.registries import platform_git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.registries.merge.entries import Merged


@dataclass(frozen=True)
class MergeRange:
    """The branch of a pull request from `fork` to `tip`, and the commit `merged` that closed it, made on `onto`."""

    fork: str
    tip: str
    onto: str
    merged: str

    @property
    def spans(self) -> tuple[tuple[str, str], ...]:
        """The pairs of commits between which everything that the pull request did can be seen."""
        return (self.fork, self.tip), (self.onto, self.merged)


def find(checkout: Path, pull: Merged, fetch: Callable[[str], str]) -> MergeRange:
    """Return the range of `pull`; `fetch` brings a commit into `checkout` and returns its id.

    Raises `PlanUnexpected` when it is not the one that GitHub counts, and `SourceUnusable`.
    """
    merged, tip = platform_git.resolved(checkout, pull.commit), fetch(pull.tip)
    parents = platform_git.parents(checkout, merged)
    # A merge commit of this very branch names the base itself; the event's may be older.
    merges = len(parents) > 1 and parents[1] == tip
    base = parents[0] if merges else platform_git.resolved(checkout, pull.onto)
    found = MergeRange(platform_git.fork_point(checkout, base, tip), tip, (*parents, merged)[0], merged)
    _require_counted(checkout, pull, base, found)
    return found


def _require_counted(checkout: Path, pull: Merged, base: str, found: MergeRange) -> None:
    commits = platform_git.count(checkout, base, found.tip)
    files = len(platform_git.changed_paths(checkout, found.fork, found.tip))
    if (commits, files) != (pull.commits, pull.files):
        raise PlanUnexpected(
            "the pull request holds other commits than GitHub counts",
            why=f"GitHub counts {pull.commits} commits that change {pull.files} files, its branch has {commits} that "
            f"change {files}: something of it would not be looked at",
            fix="nothing was applied; run the wizard again for this registry: it opens a pull request of one commit",
        )
