"""The facts that the checkout of an app holds, so that `init` and `doctor` need no questions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import dockerfiles
from goldenpath.shared import git
from goldenpath.shared.errors import SourceUnusable

if TYPE_CHECKING:
    from pathlib import Path

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_ORIGIN = "refs/remotes/origin/"
_ORIGIN_HEAD = f"{_ORIGIN}HEAD"
_SUBMODULE = "160000 "
_EVERY_BRANCH = "+refs/heads/*:refs/remotes/origin/*"


@dataclass(frozen=True)
class GitCheckout:
    """A git checkout of an app's repository, or of the platform's.

    `slug` is `owner/name` on GitHub; `slug` and `default_branch` may be empty. `dockerfiles` are relative to `folder`,
    those nearest to it first. `branches` are the branches on GitHub; `None` where this clone does not know all of
    them. `submodules` are the paths that are committed as submodules.
    """

    folder: Path
    slug: str
    default_branch: str
    shallow: bool
    dockerfiles: tuple[str, ...]
    branches: frozenset[str] | None = None
    submodules: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A name for its ECR repository: from the remote, else from the folder."""
        repository = self.slug.rpartition("/")[2] or self.folder.name
        return _NOT_IN_NAMES.sub("-", repository.lower()).strip("-") or "my-app"

    def text(self, name: str) -> str:
        """Return the text of the file `name`; empty where it does not exist."""
        path = self.folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def read(folder: Path) -> GitCheckout:
    """Return the facts of the git checkout `folder`. Raises `SourceUnusable` where it is not a git checkout."""
    folder = folder.absolute()
    if not folder.is_dir() or not git.affirms(folder, "rev-parse", "--git-dir"):
        raise SourceUnusable(
            f"{folder} is not a git checkout",
            fix="Run this command in the app's repository, or name its folder with --source",
        )
    folder = git.top(folder)  # GitHub reads workflows only there
    address = git.origin_url(folder)
    listed = git.run(folder, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    shallow = git.is_shallow(folder)
    return GitCheckout(
        folder,
        "/".join(address.split("/")[3:5]) if address else "",
        _default_branch(folder),
        shallow,
        tuple(path for path in dockerfiles.candidates(listed) if (folder / path).is_file()),
        None if shallow else _branches(folder),
        _submodules(folder),
    )


def _submodules(folder: Path) -> tuple[str, ...]:
    entries = git.run(folder, "ls-files", "--stage", "-z").split("\0")
    return tuple(entry.partition("\t")[2] for entry in entries if entry.startswith(_SUBMODULE))


def _default_branch(folder: Path) -> str:
    if not git.affirms(folder, "rev-parse", "--verify", "--quiet", _ORIGIN_HEAD):
        return ""
    return git.run(folder, "symbolic-ref", _ORIGIN_HEAD).removeprefix("refs/remotes/origin/")


def _branches(folder: Path) -> frozenset[str] | None:
    """Return the branches of origin, or the local ones where nothing was fetched yet."""
    names = git.run(folder, "for-each-ref", "--format=%(refname)", _ORIGIN).split()
    fetched = {name.removeprefix(_ORIGIN) for name in names} - {"HEAD"}
    if fetched:
        whole = git.affirms(folder, "config", "--get", "--fixed-value", "remote.origin.fetch", _EVERY_BRANCH)
        return frozenset(fetched) if whole else None
    own = git.run(folder, "for-each-ref", "--format=%(refname)", "refs/heads/").split()
    unborn = git.run(folder, "symbolic-ref", "HEAD") if git.affirms(folder, "symbolic-ref", "HEAD") else ""
    return frozenset(name.removeprefix("refs/heads/") for name in (*own, unborn) if name)
