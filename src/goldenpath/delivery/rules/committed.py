"""Files of an app as they are committed, never as they lie in the working tree."""

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


# A commit never changes, and each stage of a delivery asks for the same file of the same one.
@cache
def _text(source: Path, commit: Commit, file: str) -> str | None:
    try:
        return git.text_at(source, commit, file)
    except ToolFailed as error:
        raise SourceUnusable(
            f"{file} of commit {commit} cannot be read.",
            why=error.why,
            fix="Check out the commit of the run, with `fetch-depth: 0`.",
        ) from error
