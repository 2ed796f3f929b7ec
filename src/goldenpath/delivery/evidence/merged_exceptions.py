"""Which change brought an exception, as it counted, to the branch of the release."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING

from goldenpath.delivery.rules import app, matrix
from goldenpath.shared import git, merge_history
from goldenpath.shared.errors import PolicyInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from goldenpath.delivery.model.exception import Acceptance
    from goldenpath.shared.merge_history import MergedChange
    from goldenpath.shared.names import Commit

_MOST_CHANGES = 500


@dataclass(frozen=True)
class RulesHistory:
    """The app's file in the `checkout` at one commit, `text`, and its changes up to there, the newest first.

    `text` is `None` where the commit has no such file. `is_whole` is false where older changes may be left out.
    """

    checkout: Path
    text: str | None
    changes: tuple[MergedChange, ...]
    is_whole: bool

    def brought(self, exception: Acceptance) -> MergedChange | None:
        """Return the change since which the file has had this exception, word for word; `None` if it is not there.

        Raises `ToolFailed`.
        """
        since = tuple(takewhile(lambda change: exception in self._exceptions(change), self.changes))
        # In a shallow clone the oldest commit seems to bring everything, whoever merged it.
        return since[-1] if since and (self.is_whole or len(since) < len(self.changes)) else None

    def _exceptions(self, change: MergedChange) -> frozenset[Acceptance]:
        return _exceptions(git.text_at(self.checkout, change.commit, app.FILE) or "")


def read(checkouts: Iterable[Path], commit: Commit) -> RulesHistory | None:
    """Return the app's rules at `commit`; `None` if none of the `checkouts` has that commit. Raises `ToolFailed`."""
    checkout = next((checkout for checkout in checkouts if git.has(checkout, commit)), None)
    if checkout is None:
        return None
    changes = merge_history.changes(checkout, commit, app.FILE)
    text = git.text_at(checkout, commit, app.FILE)
    return RulesHistory(checkout, text, changes[:_MOST_CHANGES],
                        is_whole=len(changes) <= _MOST_CHANGES and not git.is_shallow(checkout))  # fmt: skip


@lru_cache(maxsize=_MOST_CHANGES)
def _exceptions(text: str) -> frozenset[Acceptance]:
    # An older file may not fit the rules of today: then it says nothing about who brought the exception.
    with suppress(PolicyInvalid):
        return frozenset(app.parse(text, matrix.load()).exceptions) if text else frozenset()
    return frozenset()
