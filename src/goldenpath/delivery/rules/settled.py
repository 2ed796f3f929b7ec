"""`.goldenpath-settled.yml`: the app's settled secrets. They count once the default branch has them (ADR 0028)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import yaml

from goldenpath.delivery.checkout import git_branches
from goldenpath.delivery.model.settled import AppliedSettlement, SettledStanding, Settlement
from goldenpath.delivery.rules import committed
from goldenpath.policy import source
from goldenpath.shared import codec
from goldenpath.shared.errors import PolicyInvalid, SourceUnusable, ToolFailed, ToolTimeout
from goldenpath.shared.names import PLATFORM

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from goldenpath.delivery.model.event import Event
    from goldenpath.delivery.model.finding import Finding
    from goldenpath.delivery.rules.matrix import Environment
    from goldenpath.shared.names import Commit

FILE = ".goldenpath-settled.yml"
SCHEMA = "settled.schema.json"
_HEADER = f"""\
# yaml-language-server: $schema=https://raw.githubusercontent.com/{PLATFORM}/main/src/goldenpath/policy/{SCHEMA}
# Secrets that were revoked and that only this repository's history still has. Written by `goldenpath settle`.
# A record counts once it is merged into the default branch, if the platform allows it.
"""
_UNREVIEWED = (
    f"the records in this commit's {FILE} count here without a review; in a workflow run they have to be merged"
)


@dataclass(frozen=True)
class Records:
    """The records of a run: those that count, those `pending` and the reason, and notes for readers of the verdict."""

    counting: tuple[Settlement, ...] = ()
    pending: tuple[Settlement, ...] = ()
    why_pending: str = ""
    notes: tuple[str, ...] = ()


NO_RECORDS = Records()


def parse(text: str) -> tuple[Settlement, ...]:
    """Return the records in the YAML `text`. Raises `PolicyInvalid`, naming every wrong field with its line."""
    tree = source.read(text, SCHEMA, FILE)
    return tuple(codec.convert(record, Settlement) for record in tree["settled"])


def render(records: Iterable[Settlement]) -> str:
    """Return the text of the file that has `records`."""
    tree = {"version": 1, "settled": [msgspec.to_builtins(record) for record in records]}
    return _HEADER + yaml.safe_dump(tree, sort_keys=False, width=120, allow_unicode=True)


def effective_records(folder: Path, event: Event) -> Records:
    """Return the records of a run; in a workflow run only those on the default branch count.

    They count for every commit, older ones included: a secret that was settled today is settled in last year's tag too.
    Raises `PolicyInvalid` when the run's own file is not valid, `SourceUnusable` when it cannot be read.
    """
    proposed = _at(folder, event.commit)
    if not event.in_workflow:
        return Records(proposed, notes=(_UNREVIEWED,) if proposed else ())
    if not event.default_branch:
        return Records((), proposed, "does not count: the event of this run names no default branch")
    branch = f"the default branch {event.default_branch}"
    try:
        merged = _at(folder, git_branches.tip(folder, event.default_branch))
    except (ToolFailed, ToolTimeout, SourceUnusable) as error:
        why = " ".join((error.why or error.what).split())
        return Records((), proposed, f"does not count: {branch} cannot be read ({why})")
    except PolicyInvalid as error:
        note = f"{FILE} on {branch} is not valid, so no settled secret counts: {error.why}"
        return Records((), proposed, f"does not count: {FILE} on {branch} is not valid", (note,))
    return reviewed(proposed, merged, f"does not count until it is merged into {branch}")


def reviewed(proposed: tuple[Settlement, ...], merged: tuple[Settlement, ...], why_pending: str) -> Records:
    """Return the records of a run: those that are `merged` count, all other `proposed` ones are pending."""
    known = set(merged)
    pending = tuple(record for record in proposed if record not in known)
    return Records(merged, pending, why_pending)


def apply(records: Records, findings: Iterable[Finding], environment: Environment) -> tuple[AppliedSettlement, ...]:
    """Return the status of every record in `environment`, with the `findings` of the run."""
    by_fingerprint = {finding.fingerprint: finding for finding in findings}
    every = [
        *((record, "") for record in records.counting),
        *((record, records.why_pending) for record in records.pending),
    ]
    return tuple(
        AppliedSettlement(record, _standing(record, by_fingerprint.get(record.fingerprint), environment, why), why)
        for record, why in every
    )


def _standing(
    record: Settlement, finding: Finding | None, environment: Environment, why_pending: str
) -> SettledStanding:
    if finding is None or not record.covers(finding):
        return SettledStanding.NOT_FOUND
    if not environment.settled_allowed:
        return SettledStanding.REFUSED
    if why_pending:
        return SettledStanding.PENDING
    return SettledStanding.SETTLED if finding.in_history_only else SettledStanding.IN_FILES


def _at(folder: Path, commit: Commit) -> tuple[Settlement, ...]:
    text = committed.text(folder, commit, FILE)
    return parse(text) if text is not None else ()
