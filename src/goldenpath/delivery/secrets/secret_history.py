"""Which commit first brought a secret to a path."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from goldenpath.delivery.model.finding import Finding
    from goldenpath.delivery.secrets.git_objects import Exported, Wanted
    from goldenpath.delivery.secrets.gitleaks import Leak
    from goldenpath.delivery.secrets.previous_scan import Placed
    from goldenpath.delivery.secrets.scan_corpus import Origin


class Brought:
    """The commits that brought what was scanned, and their order, looked up once something was found.

    `earlier` are the leaks of an earlier scan, in order: they came before.
    """

    def __init__(self, wanted: Wanted, exported: Exported, earlier: Sequence[Placed] = ()) -> None:
        self._wanted, self._exported, self._earlier = wanted, exported, earlier

    @cached_property
    def _origins(self) -> list[Origin]:
        files = self._exported.files
        read = (each for more in (*files.also.values(), *self._exported.partial.values()) for each in more)
        return [*files.origins.values(), *read]

    @cached_property
    def _commits(self) -> dict[str, str]:
        return {origin.identity: origin.commit for origin in reversed(self._origins)}

    @cached_property
    def _commits_of_paths(self) -> dict[tuple[str, str], str]:
        found = {(origin.path, origin.identity): origin.commit for origin in self._origins}
        return found | {(each.leak.File, each.leak.Commit): each.commit for each in self._earlier}

    @cached_property
    def _order(self) -> dict[str, int]:
        return {commit: number for number, commit in enumerate(self._wanted.commits)}

    def first(self, leaks: Iterable[Leak]) -> tuple[Leak, ...]:
        """Return the `leaks` of each file in the order of the commits that brought them, earlier ones before them."""
        last, listed = len(self._wanted.commits), [*leaks]
        order = {leak: self._order.get(self.commit(leak), last) for leak in listed}
        order |= {each.leak: number - len(self._earlier) for number, each in enumerate(self._earlier)}
        # Where an earlier scan read the same object at the same path, it found the same.
        places = {(each.leak.File, each.leak.Commit) for each in self._earlier}
        every = [*(each.leak for each in self._earlier), *(x for x in listed if (x.File, x.Commit) not in places)]
        every.sort(key=lambda each: (each.File, order[each], each.StartLine, each.RuleID, each.Mark))
        return tuple(every)

    def commit(self, leak: Leak) -> str:
        """Return the commit that brought what the `leak` is in; empty where none of these did."""
        return self._commit(leak.File, leak.Commit)

    def named(self, finding: Finding) -> Finding:
        """Return the `finding` in an object of git at the commit that brought it; empty when none of these did."""
        place = finding.location
        return replace(finding, location=replace(place, commit=self._commit(place.path, place.commit)))

    def _commit(self, path: str, identity: str) -> str:
        return self._commits_of_paths.get((path, identity), self._commits.get(identity, identity))
