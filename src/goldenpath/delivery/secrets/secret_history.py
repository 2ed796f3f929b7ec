"""Find the commit that first added a secret to a path."""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from goldenpath.delivery.model.finding import Finding
    from goldenpath.delivery.secrets.git_objects import ExportedObjects, ScanRange
    from goldenpath.delivery.secrets.gitleaks import Leak
    from goldenpath.delivery.secrets.scan_corpus import FileOrigin
    from goldenpath.delivery.secrets.scan_scope import LeakWithCommit


class SecretHistory:
    """The commits that added the scanned contents, and their order; computed only when there are leaks.

    `earlier` are the leaks of an earlier scan, in order. Their commits come before all others.
    """

    def __init__(self, wanted: ScanRange, exported: ExportedObjects, earlier: Sequence[LeakWithCommit] = ()) -> None:
        self._wanted, self._exported, self._earlier = wanted, exported, earlier

    @cached_property
    def _origins(self) -> list[FileOrigin]:
        files = self._exported.files
        more = chain(*files.also.values(), *self._exported.partial.values())
        return [*files.origins.values(), *more]

    @cached_property
    def _commits(self) -> dict[str, str]:
        return {origin.identity: origin.commit for origin in reversed(self._origins)}

    @cached_property
    def _commits_of_paths(self) -> dict[tuple[str, str], str]:
        commits = {(origin.path, origin.identity): origin.commit for origin in self._origins}
        return commits | {(placed.leak.File, placed.leak.Commit): placed.commit for placed in self._earlier}

    @cached_property
    def _order(self) -> dict[str, int]:
        return {commit: number for number, commit in enumerate(self._wanted.commits)}

    def first(self, leaks: Iterable[Leak]) -> tuple[Leak, ...]:
        """Return all leaks, those of the earlier scan included, by file and then by the order of their commits."""
        last, listed = len(self._wanted.commits), [*leaks]
        order = {leak: self._order.get(self.commit(leak), last) for leak in listed}
        order |= {placed.leak: number - len(self._earlier) for number, placed in enumerate(self._earlier)}
        # If the earlier scan read the same object at the same path, it reported the same leaks.
        places = {(placed.leak.File, placed.leak.Commit) for placed in self._earlier}
        new = [leak for leak in listed if (leak.File, leak.Commit) not in places]
        every = [*(placed.leak for placed in self._earlier), *new]
        every.sort(key=lambda leak: (leak.File, order[leak], leak.StartLine, leak.RuleID, leak.Mark))
        return tuple(every)

    def commit(self, leak: Leak) -> str:
        """Return the commit that added the content with the `leak`; empty if no scanned commit did."""
        return self._commit(leak.File, leak.Commit)

    def named(self, finding: Finding) -> Finding:
        """Replace the object id in the `finding` by the commit that added it; empty if no scanned commit did."""
        place = finding.location
        return replace(finding, location=replace(place, commit=self._commit(place.path, place.commit)))

    def _commit(self, path: str, identity: str) -> str:
        return self._commits_of_paths.get((path, identity), self._commits.get(identity, identity))
