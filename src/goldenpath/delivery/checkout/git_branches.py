"""The branches of a clone's origin, as git last saw them there.

Refs are always written in full, because git's search rules could find a tag with the name `refs/remotes/origin/main`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.shared import git
from goldenpath.shared.names import Commit

if TYPE_CHECKING:
    from pathlib import Path

_REMOTE = "refs/remotes/origin/"
_TIMEOUT = 120.0


def tip(source: Path, branch: str) -> Commit:
    """Return the newest commit of origin's `branch` that the clone `source` knows; fetch the branch if it knows none.

    Raises `ToolFailed` or `ToolTimeout` if it cannot be fetched.
    """
    ref = f"{_REMOTE}{branch}"
    if not git.affirms(source, "show-ref", "--verify", "--quiet", ref):
        git.fetch(source, "origin", f"+refs/heads/{branch}:{ref}", timeout=_TIMEOUT)
    return _newest(source, Commit(git.run(source, "show-ref", "--verify", "--hash", ref)), ref)


def _newest(source: Path, commit: Commit, ref: str) -> Commit:
    """Return the newest commit that `ref` had here and that descends from `commit`, its present one.

    actions/checkout first fetches every branch, and then sets the branch of the run back to the run's commit where the
    branch has moved on since (its `git-source-provider.ts`).
    """
    earlier = git.run(source, "rev-list", "--walk-reflogs", ref, "--").split()
    for candidate in map(Commit, earlier):
        if git.is_ancestor(source, commit, candidate):
            commit = candidate
    return commit
