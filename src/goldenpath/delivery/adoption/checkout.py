"""What an app's checkout says about itself, so that nobody is asked for it."""

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
class Checkout:
    """An app's repository: `slug` is `owner/name` on GitHub, and `default_branch` its branch; either may be empty.

    `dockerfiles` are relative to `folder`, those nearest to it first. `branches` are those that GitHub has, as far as
    this clone knows; `None` where it does not know all of them. `submodules` are the paths that are committed as one.
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
        found = _NOT_IN_NAMES.sub("-", (self.slug.rpartition("/")[2] or self.folder.name).lower()).strip("-")
        return found or "my-app"

    def text(self, place: str) -> str:
        """Return the text of the file at `place`; empty where there is none."""
        path = self.folder / place
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def look(folder: Path) -> Checkout:
    """Return what the git checkout `folder` says. Raises `SourceUnusable` when it is none."""
    folder = folder.absolute()
    if not folder.is_dir() or not git.affirms(folder, "rev-parse", "--git-dir"):
        raise SourceUnusable(
            f"{folder} is not a git checkout",
            fix="run this inside the app's repository, or name its folder with --source",
        )
    folder = git.top(folder)  # workflows are read nowhere else
    address = git.origin_url(folder)
    listed = git.run(folder, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    shallow = git.is_shallow(folder)
    return Checkout(
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
    """Return the branches of origin, or those of this clone where nothing was fetched from anywhere yet."""
    names = git.run(folder, "for-each-ref", "--format=%(refname)", _ORIGIN).split()
    fetched = {name.removeprefix(_ORIGIN) for name in names} - {"HEAD"}
    if fetched:
        whole = git.affirms(folder, "config", "--get", "--fixed-value", "remote.origin.fetch", _EVERY_BRANCH)
        return frozenset(fetched) if whole else None
    own = git.run(folder, "for-each-ref", "--format=%(refname)", "refs/heads/").split()
    unborn = git.run(folder, "symbolic-ref", "HEAD") if git.affirms(folder, "symbolic-ref", "HEAD") else ""
    return frozenset(name.removeprefix("refs/heads/") for name in (*own, unborn) if name)
