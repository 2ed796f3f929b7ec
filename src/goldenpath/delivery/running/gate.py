"""The common end of both gates: write findings, SARIF and verdict, and stop the pipeline when the verdict blocks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from goldenpath.delivery.model.exception import Standing
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.report import finding_text, gate_summary, sarif
from goldenpath.delivery.report.annotations import of_finding
from goldenpath.delivery.rules.decision import decide
from goldenpath.delivery.rules.settled import NO_RECORDS
from goldenpath.delivery.stage import EVIDENCE_OUTPUT, Outcome
from goldenpath.shared import codec
from goldenpath.shared.errors import GateBlocked

if TYPE_CHECKING:
    from goldenpath.delivery.model.finding import Finding, Findings, Gate
    from goldenpath.delivery.model.verdict import Verdict
    from goldenpath.delivery.rules.settled import Records
    from goldenpath.delivery.stage import Run

GATE_OUTPUTS = {
    "verdict": "The decision of the gate: `pass`, `advise` or `block`.",
    "findings": "The number of findings, of all severities.",
    "deciding": "The number of findings that must be fixed under the platform's policy.",
    "accepted": "The number of findings that an exception in `.goldenpath.yml` accepts.",
    "settled": "The number of findings that are settled secrets.",
    "unfixed": "The number of findings that are only reported, because no fix exists.",
    "critical": "The number of critical findings.",
    "high": "The number of high findings.",
    "medium": "The number of medium findings.",
    "low": "The number of low findings.",
    "unknown": "The number of findings without a known severity.",
    "would_block_in": "The environments in which the same findings would block, separated by commas.",
    **EVIDENCE_OUTPUT,
}
# Each becomes an annotation. A runner shows ten, and nobody reads a log of thousands.
WARNED_AT_MOST = 50


def forget(run: Run, gate: Gate) -> None:
    """Remove what an earlier run of `gate` left: after a crash, the old verdict must not count."""
    run.work.forget(run.work.findings(gate), run.work.sarif(gate), run.work.verdict(gate))


def conclude(
    run: Run,
    report: Findings,
    records: Records = NO_RECORDS,
    *,
    category: str,
    dockerfile: str = "Dockerfile",
    reviewed_on: str = "",
) -> Outcome:
    """Write everything that follows from `report` and return the gate's outcome; the verdict's file comes last."""
    rules, now = run.rules.app, datetime.now(UTC)
    decision = decide(report, run.policy, run.environment, rules, records, today=now.date())
    passed = sarif.passed(decision.verdict)
    rendered = sarif.render(report, passed, category=category, dockerfile=dockerfile)
    notes = (*decision.verdict.notes, *rules.notes, *records.notes)
    verdict = replace(
        decision.verdict, decided_at=now, reviewed_on=reviewed_on, notes=notes, run=run.runner.workflow_run
    )
    if rendered.note:
        verdict = replace(verdict, notes=(*verdict.notes, rendered.note))
    codec.write(run.work.findings(report.gate), report)
    codec.write_bytes(run.work.sarif(report.gate), rendered.log)
    codec.write(run.work.verdict(report.gate), verdict)
    return Outcome(
        sentence=verdict.sentence,
        outputs=_outputs(verdict),
        at_places=tuple(of_finding(finding, dockerfile) for finding in decision.deciding[:WARNED_AT_MOST]),
        warnings=_warnings(verdict),
        stop=_blocked(verdict, decision.deciding) if verdict.result is Result.BLOCK else None,
        summary=gate_summary.render(verdict, decision.deciding, decision.unfixed),
    )


def _outputs(verdict: Verdict) -> dict[str, str]:
    counts = {severity.value.lower(): str(count) for severity, count in verdict.counts.items()}
    return {
        "verdict": verdict.result.value,
        "findings": str(sum(verdict.counts.values())),
        "deciding": str(verdict.deciding),
        "accepted": str(verdict.accepted),
        "settled": str(sum(secret.counts for secret in verdict.settled)),
        "unfixed": str(len(verdict.unfixed)),
        **counts,
        "would_block_in": ",".join(verdict.would_block_in),
    }


def _warnings(verdict: Verdict) -> tuple[str, ...]:
    """Return the other warnings of a gate: how many findings are not shown, and which exceptions need attention."""
    more = verdict.deciding - WARNED_AT_MOST
    count = "1 more finding is" if more == 1 else f"{more} more findings are"
    left = (f"{count} in {verdict.gate}.json",) if more > 0 else ()
    exceptions = tuple(
        exception.sentence for exception in verdict.exceptions if exception.standing is not Standing.ACCEPTED
    )
    settled = tuple(secret.sentence for secret in verdict.settled if secret.deserves_attention)
    return (*left, *exceptions, *settled)


def _blocked(verdict: Verdict, deciding: tuple[Finding, ...]) -> GateBlocked:
    count = "1 finding" if verdict.deciding == 1 else f"{verdict.deciding} findings"
    return GateBlocked(
        f"{verdict.gate} blocks the release to {verdict.environment}: {count} must be fixed",
        why=finding_text.sentences(deciding),
        fix="Fix them as described above and push again, or request an exception (docs/policy.md of the platform)",
    )
