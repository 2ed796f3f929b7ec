"""The clones that a person names: of the platform's repository, and of apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.shared import git
from goldenpath.shared.errors import BadInput
from goldenpath.shared.evidence_archive import MissingEvidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def require(clones: Iterable[Path]) -> None:
    """Raise `BadInput` for what is no git checkout with a commit."""
    for clone in clones:
        if not clone.is_dir() or not git.affirms(clone, "rev-parse", "--verify", "--quiet", "HEAD"):
            raise BadInput(f"{clone} is no git checkout", fix="Name a whole clone (`git clone`) with a commit")


def shallow(clones: Iterable[Path]) -> Iterator[MissingEvidence]:
    """Yield each clone that has only a part of its history. Raises `ToolFailed`."""
    for clone in clones:
        if git.is_shallow(clone):
            yield MissingEvidence(
                f"clone {clone.resolve().name!a}",
                "only a part of its history was cloned",
                "Run `git fetch --unshallow` in it",
            )
