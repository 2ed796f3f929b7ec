"""The platform's rules as they were: the version that the platform's branch had when a release was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.shared import git, merge_history
from goldenpath.shared.evidence_archive import ArchivedFile

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from goldenpath.shared.merge_history import MergedChange

FILE = "src/goldenpath/policy/environments.yaml"


def at(checkout: Path, changes: tuple[MergedChange, ...], moment: dt.datetime) -> ArchivedFile | None:
    """Return the rules that were in force in the `checkout` at the `moment`; `None` if it had none yet.

    `changes` are those of the file, as `history` returns them. Raises `ToolFailed`.
    """
    # Verdicts name no version of the rules, so the time of the decision is all there is to go by.
    change = next((change for change in changes if change.at <= moment), None)
    if change is None or git.text_at(checkout, change.commit, FILE) is None:
        return None
    content = git.output(checkout, "cat-file", "blob", f"{change.commit}:{FILE}")
    return ArchivedFile(f"policies/{change.commit}.yaml", content)


def history(checkout: Path) -> tuple[MergedChange, ...]:
    """Return the changes of the rules on the branch of `checkout`, the newest first. Raises `ToolFailed`."""
    return merge_history.changes(checkout, "HEAD", FILE)
