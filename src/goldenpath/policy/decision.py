"""The decision: findings and the platform's rules in, verdict out. Pure, so that every cell of the matrix is a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.model.finding import Gate
from goldenpath.model.verdict import Mode, Result, Verdict

if TYPE_CHECKING:
    from goldenpath.model.finding import Finding, Findings
    from goldenpath.policy.matrix import Environment, Policy, VulnerabilityRule


def decide(report: Findings, policy: Policy, environment: Environment) -> Verdict:
    """Return the verdict of the gate that made `report`, for `environment`."""
    gate = report.gate
    deciding = deciding_findings(report, policy)
    blocking_elsewhere = tuple(
        other.name for other in policy.environments if other.modes[gate] is Mode.BLOCKING and other != environment
    )
    return Verdict(
        gate=gate,
        environment=environment.name,
        mode=environment.modes[gate],
        result=_result(environment.modes[gate], any_deciding=bool(deciding)),
        subject=report.subject,
        scanner=report.scanner,
        seen=report.seen,
        counts=report.counts(),
        deciding=len(deciding),
        would_block_in=blocking_elsewhere if deciding else (),
    )


def deciding_findings(report: Findings, policy: Policy) -> tuple[Finding, ...]:
    """Return the findings that the platform does not let through, the most severe first."""
    found = (finding for finding in report.findings if decides(finding, policy.vulnerabilities))
    return tuple(sorted(found, key=lambda finding: finding.severity.rank))


def decides(finding: Finding, rule: VulnerabilityRule) -> bool:
    """Tell whether `finding` counts under `rule`. A secret always does."""
    if finding.gate is Gate.GITLEAKS:
        return True
    unfixed = finding.package is not None and not finding.package.fixed
    return finding.severity in rule.severities and not (unfixed and rule.ignore_unfixed)


def _result(mode: Mode, *, any_deciding: bool) -> Result:
    if not any_deciding:
        return Result.PASS
    return Result.BLOCK if mode is Mode.BLOCKING else Result.ADVISE
