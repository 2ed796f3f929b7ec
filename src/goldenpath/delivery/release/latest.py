"""Keep `latest`, and every other moving tag, from going back: it stays where it names the image of a later commit.

Later means that its history contains our commit. Why neither times nor numbers of runs decide:
docs/adr/0023-latest-never-goes-back.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.delivery.github.history import CommitOrder
from goldenpath.delivery.release.revision import revision_of
from goldenpath.delivery.release.tags import LATEST
from goldenpath.shared.names import Commit

if TYPE_CHECKING:
    from collections.abc import Collection

    from goldenpath.delivery.github.history import History
    from goldenpath.delivery.registry.oci_registry import StoredManifest
    from goldenpath.shared.names import Tag

# Where nobody knows, the tag stays: that costs a re-run, and a move could take it back
# (docs/adr/0023-latest-never-goes-back.md, decision 5).
_KEEPS = frozenset({CommitOrder.EARLIER, CommitOrder.UNKNOWN})


@dataclass(frozen=True)
class Latest:
    """Decides for a release of `commit` whether it may move a moving tag. Without a `history` it always may.

    `ref` is the branch or tag of a run that a person started by hand, else empty: while it still names the commit, that
    person chose this commit for the tag, which then goes back to it.
    """

    commit: str = ""
    history: History | None = None
    ref: str = ""
    _orders: dict[str, CommitOrder] = field(default_factory=dict, init=False)
    _asked_for: dict[Tag, CommitOrder] = field(default_factory=dict, init=False)
    _later: dict[Tag, str] = field(default_factory=dict, init=False)

    def stays(self, current: StoredManifest | None, tag: Tag = LATEST) -> bool:
        """Tell whether `tag` must keep naming `current`: it is of a later commit, or nobody knows whether it is."""
        if current is None:
            return False
        order = self._order(revision_of(current))
        self._asked_for[tag] = order
        if order is CommitOrder.EARLIER:
            self._later[tag] = revision_of(current)
        return order in _KEEPS

    def is_behind(self, current: StoredManifest) -> bool:
        """Tell whether `current` is of an earlier commit than this release."""
        return self._order(revision_of(current)) is CommitOrder.LATER

    def kept(self, released: Collection[str] = ()) -> str:
        """Return the reason why tags other than the `released` ones did not move, for people; empty when all moved."""
        stayed = (
            f"`{tag}` stays at the later commit {at[:7]}" for tag, at in self._later.items() if tag not in released
        )
        return "; ".join(stayed)

    @property
    def warning(self) -> str:
        """The warning for a user when GitHub did not say which commit is the later one; empty when it did."""
        if unknown := self._named(CommitOrder.UNKNOWN):
            return (
                f"{unknown} did not move: GitHub did not say whether the commit there is later than this one. "
                "Run the job again, or start a run by hand."
            )
        if hidden := self._named(CommitOrder.HIDDEN):
            return (
                f"{hidden} moved without a check that this does not go back to an earlier commit: the token may not "
                "read the repository. Give the job `permissions: contents: read`."
            )
        return ""

    def _named(self, order: CommitOrder) -> str:
        return " and ".join(f"`{tag}`" for tag, known in self._asked_for.items() if known is order)

    def _order(self, revision: str) -> CommitOrder:
        # Two releases at once ask in every round, and one commit's place in history does not change.
        if revision not in self._orders:
            self._orders[revision] = self._asked(revision)
        return self._orders[revision]

    def _asked(self, revision: str) -> CommitOrder:
        # Whoever made the image wrote its revision: it may be anything.
        if self.history is None or revision == self.commit or not Commit.pattern.fullmatch(revision):
            return CommitOrder.UNRELATED
        order = self.history.order(Commit(self.commit), Commit(revision))
        # A run by hand on a branch that has moved on meant the branch, not its former commit
        # (docs/adr/0023-latest-never-goes-back.md, decision 4).
        chosen = order in _KEEPS and self.ref and self.history.tip(self.ref) == self.commit
        return CommitOrder.UNRELATED if chosen else order
