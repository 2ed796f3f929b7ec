"""What an app's checkout says about itself, so that nobody is asked for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.errors import SourceUnusable
from goldenpath.tools import git

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_ORIGIN_HEAD = "refs/remotes/origin/HEAD"


@dataclass(frozen=True)
class Checkout:
    """An app's repository: `slug` is `owner/name` on GitHub, and `default_branch` its branch; either may be empty.

    `dockerfiles` are relative to `folder`, those nearest to it first.
    """

    folder: Path
    slug: str
    default_branch: str
    shallow: bool
    dockerfiles: tuple[str, ...]

    @property
    def name(self) -> str:
        """A name for its ECR repository: from the remote, else from the folder."""
        found = _NOT_IN_NAMES.sub("-", (self.slug.rpartition("/")[2] or self.folder.name).lower()).strip("-")
        return found or "my-app"


def look(folder: Path) -> Checkout:
    """Return what the git checkout `folder` says. Raises `SourceUnusable` when it is none."""
    folder = folder.absolute()
    if not folder.is_dir() or not git.affirms(folder, "rev-parse", "--git-dir"):
        raise SourceUnusable(
            f"{folder} is not a git checkout",
            fix="run this inside the app's repository, or name its folder with --source",
        )
    folder = Path(git.run(folder, "rev-parse", "--show-toplevel"))  # workflows are read nowhere else
    address = git.origin_url(folder)
    listed = git.run(folder, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    return Checkout(
        folder,
        "/".join(address.split("/")[3:5]) if address else "",
        _default_branch(folder),
        git.is_shallow(folder),
        dockerfiles(listed),
    )


def dockerfiles(paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of `paths` that are Dockerfiles, the nearest to the root first."""
    found = (path for path in paths if Path(path).name == "Dockerfile")
    return tuple(sorted(found, key=lambda path: (path.count("/"), path)))


def _default_branch(folder: Path) -> str:
    if not git.affirms(folder, "rev-parse", "--verify", "--quiet", _ORIGIN_HEAD):
        return ""
    return git.run(folder, "symbolic-ref", _ORIGIN_HEAD).removeprefix("refs/remotes/origin/")
