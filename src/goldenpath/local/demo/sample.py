"""Make a git repository of the sample app, with a commit and an origin, as an app team has one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from goldenpath.shared import git_settings, process

if TYPE_CHECKING:
    from pathlib import Path

GIT_TIMEOUT = 60.0
# Fixed, so that the same files give the same commit, and the same commit gives the same image.
_AUTHOR = {
    name: value
    for role in ("AUTHOR", "COMMITTER")
    for name, value in (
        (f"GIT_{role}_NAME", "Sample"),
        (f"GIT_{role}_EMAIL", "sample@example.com"),
        (f"GIT_{role}_DATE", "2026-01-01T00:00:00Z"),
    )
} | git_settings.NO_CONFIGURATION


def repository(app: Path, folder: Path, origin: str) -> Path:
    """Replace `folder` by a git repository of the files of `app`, with one commit on `main` and the `origin`."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(app, folder, ignore=shutil.ignore_patterns("__pycache__", ".git"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "remote", "add", "origin", origin)
    commit(folder, "The sample app")
    return folder


def commit(folder: Path, message: str) -> None:
    """Commit everything in `folder`, with a fixed author and time."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--no-gpg-sign", f"--message={message}")


def git(folder: Path, *words: str) -> None:
    """Run git in `folder`, without the user's configuration."""
    process.run("git", "-C", folder, *words, timeout=GIT_TIMEOUT, environment=_AUTHOR)
