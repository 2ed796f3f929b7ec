"""`latest` never goes back: a release leaves the tag alone where it names an image of a later commit.

Later means that its history contains our commit. Why neither times nor numbers of runs decide:
docs/adr/0023-latest-never-goes-back.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.model.names import Commit
from goldenpath.release.revision import revision_of
from goldenpath.services.github_history import Order

if TYPE_CHECKING:
    from goldenpath.services.github_history import History
    from goldenpath.services.oci_registry import StoredManifest

_KEEPS = frozenset({Order.EARLIER, Order.UNKNOWN})


@dataclass(frozen=True)
class Latest:
    """Decides for a release of `commit` whether it may move `latest`. Without a `history` it always may.

    `ref` is the branch or tag of a run that a person started by hand, else empty: while it still names the commit, that
    person chose this commit for `latest`, which then goes back to it.
    """

    commit: str = ""
    history: History | None = None
    ref: str = ""
    _orders: dict[str, Order] = field(default_factory=dict, init=False)

    def stays(self, held: StoredManifest | None) -> bool:
        """Tell whether the tag must keep naming `held`: it is of a later commit, or nobody knows whether it is."""
        return held is not None and self._order(revision_of(held)) in _KEEPS

    def is_behind(self, held: StoredManifest) -> bool:
        """Tell whether `held` is of an earlier commit than this release."""
        return self._order(revision_of(held)) is Order.LATER

    @property
    def kept(self) -> str:
        """What kept the tag from moving, for people; empty when nothing did."""
        for revision, order in self._orders.items():
            if order is Order.EARLIER:
                return f"`latest` stays at the later commit {revision[:7]}"
        return ""

    @property
    def warning(self) -> str:
        """What the user must know because GitHub did not say which commit is the later one; empty when it did."""
        if Order.UNKNOWN in self._orders.values():
            return (
                "`latest` was not moved: GitHub did not say whether the commit that it names is later than this one. "
                "Run the job again, or start a run by hand."
            )
        if Order.HIDDEN in self._orders.values():
            return (
                "`latest` was moved without checking that it does not go back to an earlier commit: the token may not "
                "read the repository. Give the job `permissions: contents: read`."
            )
        return ""

    def _order(self, revision: str) -> Order:
        if revision not in self._orders:
            self._orders[revision] = self._asked(revision)
        return self._orders[revision]

    def _asked(self, revision: str) -> Order:
        # Whoever made the image wrote its revision: it may be anything.
        if self.history is None or revision == self.commit or not Commit.pattern.fullmatch(revision):
            return Order.UNRELATED
        order = self.history.order(Commit(self.commit), Commit(revision))
        chosen = order in _KEEPS and self.ref and self.history.tip(self.ref) == self.commit
        return Order.UNRELATED if chosen else order
