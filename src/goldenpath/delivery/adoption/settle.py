"""`settle`: write the records of an app's settled secrets for review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from goldenpath.delivery.builds.context_artifact import Addition
from goldenpath.delivery.checkout import whole_checkout
from goldenpath.delivery.model import inputs
from goldenpath.delivery.model.finding import Kind
from goldenpath.delivery.model.settled import Settlement, subject
from goldenpath.delivery.rules import matrix, settled
from goldenpath.delivery.running import execution
from goldenpath.delivery.stages import gitleaks_gate
from goldenpath.shared import codec, runner
from goldenpath.shared.errors import BadInput
from goldenpath.shared.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from goldenpath.delivery.model.finding import Finding
    from goldenpath.shared.console import Progress


@dataclass(frozen=True)
class Wanted:
    """What is to be recorded: the secrets of the repository `source`, all or those with the `chosen` fingerprints."""

    source: Path
    settled_by: str
    reason: str
    chosen: frozenset[str]


def settle(wanted: Wanted, progress: Progress) -> None:
    """Scan all of history and add a record for each secret that only history has. Writes nothing where none is new.

    Raises `BadInput` for a fingerprint that nothing has, and `PolicyInvalid` when the file there is not valid.
    """
    raw = {"environment": matrix.LOCAL, "source": str(wanted.source)}
    run = execution.prepare(inputs.read(gitleaks_gate.STAGE.inputs, raw), Runner.read(runner.variables()), progress)
    whole_checkout.require_checkout(run.request.source, run.event.commit, run.say)
    file = wanted.source / settled.FILE
    known = settled.parse(file.read_text(encoding="utf-8", errors="replace")) if file.is_file() else ()
    secrets = chosen(wanted, gitleaks_gate.inspect(run, Addition()).findings)
    added = tuple(records(wanted, secrets, known, datetime.now(UTC).date()))
    if added:
        text = settled.render((*known, *added))
        settled.parse(text)
        codec.write_bytes(file, text.encode())
    for line in _told(secrets, added, known):
        progress.line(line)


def records(
    wanted: Wanted, secrets: Iterable[Finding], known: Iterable[Settlement], today: date
) -> Iterable[Settlement]:
    """Yield a record for each of `secrets` that only history has and that no `known` record is about."""
    listed = {record.subject for record in known}
    for each in secrets:
        if each.in_history_only and subject(each) not in listed:
            yield Settlement(each.fingerprint, each.id, each.location.path, wanted.reason, wanted.settled_by, today)


def chosen(wanted: Wanted, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the secrets among `findings` that are wanted. Raises `BadInput` for a fingerprint that nothing has."""
    secrets = tuple(each for each in findings if each.kind is Kind.SECRET)
    unknown = sorted(wanted.chosen - {each.fingerprint for each in secrets})
    if unknown:
        raise BadInput(
            f"No secret in this repository has the fingerprint {', '.join(unknown)}.",
            why="The fingerprint of each finding is in gitleaks.json, in the reports of the run.",
            fix="Copy it from there, or leave out --fingerprint to record every secret that only history has.",
        )
    return tuple(each for each in secrets if not wanted.chosen or each.fingerprint in wanted.chosen)


def _told(secrets: Iterable[Finding], added: Iterable[Settlement], known: Iterable[Settlement]) -> Iterable[str]:
    new, old = tuple(added), {record.subject for record in known}
    for record in new:
        yield f"✓ {record.rule} in {record.path} ({record.fingerprint})"
    for each in secrets:
        if not each.in_history_only:
            place = f"{each.location.path}:{each.location.line}"
            yield f"! {each.id} in {place} is still in a checked-out file: revoke it, remove it there, then settle it"
        elif subject(each) in old:
            yield f"· {each.id} in {each.location.path} is recorded already"
    if new:
        yield f"Next: check that each of them is revoked, remove the others, and merge {settled.FILE}."
    else:
        yield "Nothing was written."
