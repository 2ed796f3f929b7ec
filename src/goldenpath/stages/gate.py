"""What both gates do with a report: write findings, SARIF and verdict, and stop the pipeline when it blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import GateBlocked
from goldenpath.model import codec
from goldenpath.model.verdict import Result
from goldenpath.policy.decision import decide, deciding_findings
from goldenpath.report import sarif
from goldenpath.stages.base import Outcome

if TYPE_CHECKING:
    from goldenpath.model.finding import Finding, Findings, Gate
    from goldenpath.model.verdict import Verdict
    from goldenpath.stages.base import Run

GATE_OUTPUTS = {
    "verdict": "What the gate decided: `pass`, `advise` or `block`.",
    "findings": "How many findings there are, of every severity.",
    "deciding": "How many of them the platform's policy does not let through.",
    "would_block_in": "Environments in which the same findings block, separated by commas.",
}
NAMED_AT_MOST = 5


def forget(run: Run, gate: Gate) -> None:
    """Remove what an earlier run of `gate` left: a crash now must not be taken for its verdict."""
    run.work.forget(run.work.findings(gate), run.work.sarif(gate), run.work.verdict(gate))


def conclude(run: Run, report: Findings, *, category: str, dockerfile: str = "Dockerfile") -> Outcome:
    """Write everything that follows from `report` and return the gate's outcome; the verdict's file comes last."""
    gate = report.gate
    verdict = decide(report, run.policy, run.environment)
    deciding = deciding_findings(report, run.policy)
    codec.write(run.work.findings(gate), report)
    codec.write_bytes(run.work.sarif(gate), sarif.render(report, category=category, dockerfile=dockerfile))
    codec.write(run.work.verdict(gate), verdict)
    return Outcome(
        sentence=verdict.sentence,
        outputs={
            "verdict": verdict.result.value,
            "findings": str(len(report.findings)),
            "deciding": str(verdict.deciding),
            "would_block_in": ",".join(verdict.would_block_in),
        },
        warnings=tuple(_line(finding) for finding in deciding),
        stop=_blocked(verdict, deciding) if verdict.result is Result.BLOCK else None,
    )


def _blocked(verdict: Verdict, deciding: tuple[Finding, ...]) -> GateBlocked:
    named = "; ".join(_line(finding) for finding in deciding[:NAMED_AT_MOST])
    more = f"; and {len(deciding) - NAMED_AT_MOST} more" if len(deciding) > NAMED_AT_MOST else ""
    return GateBlocked(
        f"{verdict.gate} blocks the release to {verdict.environment}: {verdict.deciding} of its findings decide",
        why=named + more,
        fix="mend each of them as it says, then push again; nothing was released",
    )


def _line(finding: Finding) -> str:
    place = finding.location.path + (f":{finding.location.line}" if finding.location.line else "")
    commit = f" (commit {finding.location.commit[:12]})" if finding.location.commit else ""
    return f"{finding.severity.value} {finding.id} in {place}{commit}. {finding.remedy}"
