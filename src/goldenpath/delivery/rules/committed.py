"""Files of an app in a commit, never from the working tree."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from goldenpath.shared import git
from goldenpath.shared.errors import SourceUnusable, ToolFailed

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.shared.names import Commit


def text(source: Path, commit: Commit, file: str) -> str | None:
    """Return the text of `file` in `commit`; `None` where there is none. Raises `SourceUnusable`."""
    return _text(source.absolute(), commit, file)


# A commit never changes, and every stage of a delivery reads the same file of the same commit.
@cache
def _text(source: Path, commit: Commit, file: str) -> str | None:
    try:
        return git.text_at(source, commit, file)
    except ToolFailed as error:
        raise SourceUnusable(
            f"{file} of commit {commit} cannot be read",
            why=error.why,
            fix="Check out the commit of the run, with `fetch-depth: 0`",
        ) from error
