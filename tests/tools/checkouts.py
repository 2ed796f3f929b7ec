"""What actions/checkout v7.0.1 leaves in a workspace: which refs it has, and where they point.

Source: its `git-source-provider.ts` and `ref-helper.ts` (`getRefSpecForAllHistory`, `getRefSpec`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tools.apps import App

from goldenpath.shared import git

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.shared.names import Commit

_FETCH = ("fetch", "--quiet", "--prune", "--no-recurse-submodules")


def check_out(origin: App, folder: Path, ref: str, commit: Commit, *, depth: int = 0) -> App:
    """Return the workspace of a run on `ref` at `commit`, in the new `folder`. `depth` 0 is all of history."""
    folder.mkdir(parents=True)
    workspace = App(folder, origin.slug)
    workspace.git("init", "--quiet", "--initial-branch=unused")
    workspace.git("remote", "add", "origin", f"file://{origin.folder}")
    own = _own_refspec(ref, commit)
    if depth:
        workspace.git(*_FETCH, "--no-tags", f"--depth={depth}", "origin", own)
    else:
        pull = [own] if ref.startswith("refs/pull/") else []
        workspace.git(*_FETCH, "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*", *pull)
        if _has_moved(workspace, ref, commit):
            workspace.git(*_FETCH, "origin", own)
    workspace.git("checkout", "--quiet", "--detach", commit)
    return workspace


def _own_refspec(ref: str, commit: Commit) -> str:
    if ref.startswith("refs/heads/"):
        return f"+{commit}:refs/remotes/origin/{ref.removeprefix('refs/heads/')}"
    if ref.startswith("refs/pull/"):
        return f"+{commit}:refs/remotes/pull/{ref.removeprefix('refs/pull/')}"
    return f"+{ref}:{ref}"


def _has_moved(workspace: App, ref: str, commit: Commit) -> bool:
    if not ref.startswith("refs/heads/"):
        return False
    here = f"refs/remotes/origin/{ref.removeprefix('refs/heads/')}"
    known = git.affirms(workspace.folder, "show-ref", "--verify", "--quiet", here)
    return not known or git.run(workspace.folder, "rev-parse", here) != commit
