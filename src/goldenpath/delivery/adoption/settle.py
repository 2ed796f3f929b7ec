"""`goldenpath settle`: write records of an app's settled secrets, for review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

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


class ReportedSecret(Struct, frozen=True):
    """A secret: the `rule` that found it, its `path`, the `line` from 1 (0: not known), and its `fingerprint`."""

    rule: str
    path: str
    line: int
    fingerprint: str


class SettleResult(Struct, frozen=True):
    """The secrets that were `recorded` in `file`, that the file `already_recorded`, and that must be removed first.

    `checked_out` are those: a checked-out file still has them. Nothing was written where none was recorded.
    """

    file: str
    recorded: tuple[ReportedSecret, ...]
    already_recorded: tuple[ReportedSecret, ...]
    checked_out: tuple[ReportedSecret, ...]


def settle(request: SettleRequest, progress: Progress) -> SettleResult:
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
    result = sorted_out(secrets, known, file)
    for line in _result_lines(result):
        progress.line(line)
    return result


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


def sorted_out(secrets: Iterable[Finding], known: Iterable[Settlement], file: Path) -> SettleResult:
    """Return which of `secrets` are new records of `file`, which ones `known` covers, and which are checked out."""
    covered = {record.subject for record in known}
    recorded: list[ReportedSecret] = []
    already: list[ReportedSecret] = []
    checked_out: list[ReportedSecret] = []
    for secret in secrets:
        place = ReportedSecret(secret.id, secret.location.path, secret.location.line, secret.fingerprint)
        if not secret.in_history_only:
            checked_out.append(place)
        else:
            (already if subject(secret) in covered else recorded).append(place)
    return SettleResult(str(file), tuple(recorded), tuple(already), tuple(checked_out))


def _result_lines(result: SettleResult) -> Iterable[str]:
    for secret in result.recorded:
        yield f"✓ {secret.rule} in {secret.path} ({secret.fingerprint})"
    for secret in result.checked_out:
        place = f"{secret.path}:{secret.line}"
        yield f"! {secret.rule} in {place} is still in a checked-out file: revoke it, remove it there, then settle it"
    for secret in result.already_recorded:
        yield f"· {secret.rule} in {secret.path} is already recorded"
    if result.recorded:
        yield f"Next: keep only the records of revoked secrets in {settled.FILE}, then merge it."
    else:
        yield "Nothing was written."
