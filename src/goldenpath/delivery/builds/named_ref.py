"""Prove that the branch or tag which the caller names contains the commit of a checkout that is on none.

GitLab, Jenkins and others check out a commit and no branch. A name counts only where the remote `origin` has it and it
contains the commit. Every run asks origin, because the clone may be older than the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.shared import git
from goldenpath.shared.errors import BadInput, SourceUnusable, ToolFailed, ToolTimeout
from goldenpath.shared.names import Commit

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.shared.names import Ref

_TIMEOUT = 120.0
_PEELED = "^{}"


def require_contains(source: Path, ref: Ref, commit: Commit) -> Commit:
    """Return the object that origin has as `ref`: the newest commit of a branch, or the commit or tag object of a tag.

    Raises `BadInput` when origin has no such ref or it does not contain `commit`, `SourceUnusable` when origin cannot
    be asked.
    """
    try:
        named = _at_origin(source, ref)
        if named is None:
            raise _refused(f"The remote `origin` has no {ref}", "It was deleted, or its name is another")
        if ref.is_tag:
            tip = _at_origin(source, f"{ref}{_PEELED}") or named
            if tip != commit:
                raise _refused(f"{ref} does not name the commit {commit.short}", f"It names {tip}")
        elif not _is_on(source, named, commit):
            raise _refused(f"{ref} does not contain the commit {commit.short}", f"Its newest commit is {named}")
    except (ToolFailed, ToolTimeout) as error:
        raise SourceUnusable(
            f"Whether {ref} contains the commit {commit.short} could not be checked",
            why=error.why or error.what,
            fix="Make sure that `git ls-remote origin` works in the checkout, then run again",
        ) from error
    return named


def _at_origin(source: Path, ref: str) -> Commit | None:
    for line in git.run(source, "ls-remote", "--quiet", "origin", ref, timeout=_TIMEOUT).splitlines():
        identity, _, name = line.partition("\t")
        if name == ref:
            return Commit(identity)
    return None


def _is_on(source: Path, tip: Commit, commit: Commit) -> bool:
    if tip == commit or git.is_ancestor(source, commit, tip):
        return True
    # The branch has moved on since this clone was made, or the clone is shallow.
    git.fetch_history(source, tip)
    return git.is_ancestor(source, commit, tip)


def _refused(what: str, why: str) -> BadInput:
    fix = "Name the branch or tag that this checkout is of with `ref` (--ref), or check out a commit of it."
    return BadInput(what, why=why, fix=fix)
