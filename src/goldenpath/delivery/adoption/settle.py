"""`goldenpath settle`: write records of an app's settled secrets, for review."""

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
class SettleRequest:
    """The secrets to record: those of the repository `source`, all or only those with the `fingerprints`."""

    source: Path
    settled_by: str
    reason: str
    fingerprints: frozenset[str]


def settle(request: SettleRequest, progress: Progress) -> None:
    """Scan the whole history and record every secret that only history has. Writes nothing where none is new.

    Raises `BadInput` for an unknown fingerprint, and `PolicyInvalid` where the existing file is not valid.
    """
    raw = {"environment": matrix.LOCAL, "source": str(request.source)}
    run = execution.prepare(inputs.read(gitleaks_gate.STAGE.inputs, raw), Runner.read(runner.variables()), progress)
    whole_checkout.require_checkout(run.request.source, run.event.commit, run.say)
    file = request.source / settled.FILE
    known = settled.parse(file.read_text(encoding="utf-8", errors="replace")) if file.is_file() else ()
    secrets = selected_secrets(request, gitleaks_gate.inspect(run, Addition()).findings)
    added = tuple(records(request, secrets, known, datetime.now(UTC).date()))
    if added:
        text = settled.render((*known, *added))
        settled.parse(text)
        codec.write_bytes(file, text.encode())
    for line in _result_lines(secrets, added, known):
        progress.line(line)


def records(
    request: SettleRequest, secrets: Iterable[Finding], known: Iterable[Settlement], today: date
) -> Iterable[Settlement]:
    """Yield a record for every one of `secrets` that only history has and that no `known` record covers."""
    recorded = {record.subject for record in known}
    for secret in secrets:
        if secret.in_history_only and subject(secret) not in recorded:
            path = secret.location.path
            yield Settlement(secret.fingerprint, secret.id, path, request.reason, request.settled_by, today)


def selected_secrets(request: SettleRequest, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the secrets among `findings` that are to be recorded. Raises `BadInput` for an unknown fingerprint."""
    secrets = tuple(finding for finding in findings if finding.kind is Kind.SECRET)
    unknown = sorted(request.fingerprints - {secret.fingerprint for secret in secrets})
    if unknown:
        raise BadInput(
            f"No secret in this repository has the fingerprint {', '.join(unknown)}",
            why="The fingerprint of every finding is in gitleaks.json, in the reports of the run",
            fix="Copy it from there, or leave out --fingerprint to record every secret that only history has",
        )
    return tuple(secret for secret in secrets if not request.fingerprints or secret.fingerprint in request.fingerprints)


def _result_lines(
    secrets: Iterable[Finding], added: Iterable[Settlement], known: Iterable[Settlement]
) -> Iterable[str]:
    new, recorded = tuple(added), {record.subject for record in known}
    for record in new:
        yield f"✓ {record.rule} in {record.path} ({record.fingerprint})"
    for secret in secrets:
        path = secret.location.path
        if not secret.in_history_only:
            place = f"{path}:{secret.location.line}"
            yield f"! {secret.id} in {place} is still in a checked-out file: revoke it, remove it there, then settle it"
        elif subject(secret) in recorded:
            yield f"· {secret.id} in {path} is already recorded"
    if new:
        yield f"Next: keep only the records of revoked secrets in {settled.FILE}, then merge it."
    else:
        yield "Nothing was written."
