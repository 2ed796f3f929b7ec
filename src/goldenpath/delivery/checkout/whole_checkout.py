"""Require a checkout of the run's commit, with its whole history and all contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.shared import git
from goldenpath.shared.errors import SourceUnusable, ToolFailed, ToolTimeout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.shared.names import Commit


def require_checkout(source: Path, commit: Commit, say: Callable[[str], None]) -> None:
    """Raise `SourceUnusable` unless `source` is complete, and checked out at the `commit` of this run.

    The missing parts of a shallow or partial clone are fetched first, if its origin provides them.
    """
    if (head := git.head(source)) != commit:
        raise SourceUnusable(
            f"The checkout is at {head}, but this run is about {commit}",
            why="The scan and the build would not be of the commit that the tags name",
            fix="Check out the commit of the run (actions/checkout without `ref:`)",
        )
    if lack := _lack(source, commit):
        say(f"the checkout is {lack}; fetching it")
        _complete(source, commit, lack)


def _lack(source: Path, commit: Commit) -> str:
    """Describe the missing part of the clone for a message; empty if it is complete."""
    if git.is_shallow(source):
        return "shallow: part of its history is missing"
    if git.is_partial(source) and git.lacks_objects(source, commit):
        return "partial: some of its contents are missing"
    return ""


def _complete(source: Path, commit: Commit, lack: str) -> None:
    why = "its origin did not provide all of it"
    try:
        git.fetch_history(source, commit)
        if not _lack(source, commit):
            return
    except (ToolFailed, ToolTimeout) as error:
        why = error.why or error.what
    raise SourceUnusable(
        f"The checkout is {lack} and cannot be scanned",
        why=f"Fetching the rest of it failed: {why}",
        fix="Check out with `fetch-depth: 0` and without a filter; at a terminal: git fetch --unshallow",
    )
