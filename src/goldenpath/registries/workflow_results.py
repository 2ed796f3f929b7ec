"""The results of the `registry` commands of the platform's workflows with `--json` (docs/json.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.registries.apply import Applied, ApplyRequests
    from goldenpath.registries.github.repository import GithubThread
    from goldenpath.registries.hygiene import EnvironmentReport
    from goldenpath.registries.proposal import ProposalResult


# Scripts read these fields, so they are not those of the types that the work is done with: a field there may get
# another name, and one here may not (docs/json.md, `schema`).
class RegistryProposal(Struct, frozen=True):
    """A pull request that proposes a change of one registry; `opened` where this run opened it, else it updated it.

    `seal` is the name of the artifact that the run has to leave.
    """

    environment: str
    name: str
    pull_request: int
    url: str
    opened: bool
    removal: bool
    plan_digest: str
    seal: str


class RegistryToApply(Struct, frozen=True):
    """A registry that a merged pull request may have applied; with `removal` it is to be removed."""

    pull_request: int
    environment: str
    name: str
    removal: bool


class RegistryNotApplied(Struct, frozen=True):
    """A merged pull request that must not be applied: the `code` of the error, and `what` happened."""

    pull_request: int
    code: str
    what: str


class MergedRegistries(Struct, frozen=True):
    """What a push asks to be applied, what is refused, and notes on the rest."""

    requests: tuple[RegistryToApply, ...]
    refusals: tuple[RegistryNotApplied, ...]
    notes: tuple[str, ...]


class AppliedChange(Struct, frozen=True):
    """A change of a plan: its `action` in words, and the `address` of the Terraform resource."""

    action: str
    address: str


class AppliedRegistry(Struct, frozen=True):
    """A registry that was applied, or with `removal` removed; no `changes` where an earlier run had applied all."""

    pull_request: int
    environment: str
    name: str
    removal: bool
    plan_digest: str
    changes: tuple[AppliedChange, ...]


class EnvironmentHygiene(Struct, frozen=True):
    """How many `registries` an environment has, and how many of them are `compliant` with every rule.

    `drift` are the changes that its plan would make, and `not_inspected` is why nothing is known.
    """

    environment: str
    registries: int
    compliant: int
    drift: tuple[str, ...]
    not_inspected: str


class HygieneReport(Struct, frozen=True):
    """The issue with the report (`issue` is its number), whether this run `opened` it, and its figures."""

    issue: int
    url: str
    opened: bool
    environments: tuple[EnvironmentHygiene, ...]


class EnvironmentProtection(Struct, frozen=True):
    """What was changed in an environment, in `lines` for people; `failed` counts registries that are not protected."""

    environment: str
    lines: tuple[str, ...]
    failed: int


def of_proposal(result: ProposalResult) -> RegistryProposal:
    """Return what `propose` and `retire` report."""
    thread, record = result.thread, result.record
    return RegistryProposal(
        environment=record.environment,
        name=record.name,
        pull_request=thread.number,
        url=thread.url,
        opened=thread.is_new,
        removal=record.removal,
        plan_digest=record.digest,
        seal=result.seal,
    )


def of_push(push: ApplyRequests) -> MergedRegistries:
    """Return what `find-merged` reports."""
    return MergedRegistries(
        requests=tuple(
            RegistryToApply(request.number, request.record.environment, request.record.name, request.record.removal)
            for request in push.requests
        ),
        # Why, and what to do, is in the comment on each of these pull requests.
        refusals=tuple(
            RegistryNotApplied(refusal.number, refusal.error.code, refusal.error.what) for refusal in push.refusals
        ),
        notes=push.notes,
    )


def of_apply(number: int, applied: Applied) -> AppliedRegistry:
    """Return what `apply-merged` reports of the pull request `number`."""
    record = applied.record
    return AppliedRegistry(
        pull_request=number,
        environment=record.environment,
        name=record.name,
        removal=record.removal,
        plan_digest=record.digest,
        changes=tuple(AppliedChange(change.description, change.address) for change in applied.plan.changes),
    )


def of_hygiene(thread: GithubThread, reports: Sequence[EnvironmentReport]) -> HygieneReport:
    """Return what `hygiene` reports, which wrote `reports` into the issue `thread`."""
    return HygieneReport(thread.number, thread.url, thread.is_new, tuple(map(_figures, reports)))


def _figures(report: EnvironmentReport) -> EnvironmentHygiene:
    return EnvironmentHygiene(
        environment=report.name,
        registries=len(report.registries),
        compliant=sum(not registry.broken for registry in report.registries),
        drift=report.drift,
        not_inspected=report.not_inspected,
    )
