"""Which registries a push asks to be applied: every check that needs no role, for each pull request that it merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.errors import GoldenPathError
from goldenpath.registries import apply, review
from goldenpath.registries.github import pulls
from goldenpath.registries.merge.entries import Merged
from goldenpath.registries.merge.push import merged_pulls

if TYPE_CHECKING:
    from goldenpath.registries.apply import Office
    from goldenpath.registries.review import Record


@dataclass(frozen=True)
class ApplyRequest:
    """A registry that may be applied: the `number` of the pull request, and the record of its reviewed plan."""

    number: int
    record: Record


@dataclass(frozen=True)
class ApplyRequests:
    """What may be applied, what was refused and why, and `notes` on what the push brought besides."""

    requests: tuple[ApplyRequest, ...] = ()
    refusals: tuple[tuple[int, GoldenPathError], ...] = ()
    notes: tuple[str, ...] = ()


def find(office: Office) -> ApplyRequests:
    """Return what the push of `office` asks to be applied. One refused pull request does not stop the others.

    A refusal is also said in its pull request. Raises `BadInput`, `PlanUnexpected` and `GithubRefused` when it cannot
    be known what was merged.
    """
    checkouts = office.checkouts
    push = checkouts.push
    if push.is_new:
        return ApplyRequests(notes=(f"The branch {push.base} is new: nothing that was merged before is applied.",))
    pulls = merged_pulls(checkouts.merged, push, office.repository, review.LABEL)
    requests: list[ApplyRequest] = []
    refusals: list[tuple[int, GoldenPathError]] = []
    for number in pulls.numbers:
        try:
            requests.append(ApplyRequest(number, apply.find_merged(office, merged(office, number))))
        except GoldenPathError as error:
            refusals.append((number, error))
    return ApplyRequests(tuple(requests), tuple(refusals), pulls.notes)


def merged(office: Office, number: int) -> Merged:
    """Return the merged pull request `number` as GitHub describes it now. Raises `BadInput`, `GithubRefused`."""
    repository = office.repository
    described = pulls.pull_request(repository, number)
    return Merged.read(described, repository.name, review.LABEL, office.checkouts.push.base)
