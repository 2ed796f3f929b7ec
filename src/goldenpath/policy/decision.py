"""The decision: findings and the platform's rules in, verdict out. Pure, so that every cell of the matrix is a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.model.finding import Kind
from goldenpath.model.verdict import DatabaseSeen, Mode, Result, Verdict
from goldenpath.policy.app import NO_RULES, apply, match, tightened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from goldenpath.model.exception import Applied
    from goldenpath.model.finding import Database, Finding, Findings
    from goldenpath.policy.app import AppRules, Matched
    from goldenpath.policy.matrix import Environment, Policy, VulnerabilityRule


@dataclass(frozen=True)
class Decision:
    """A verdict, and the findings that decided it, the most severe first."""

    verdict: Verdict
    deciding: tuple[Finding, ...]


def decide(
    report: Findings, policy: Policy, environment: Environment, rules: AppRules = NO_RULES, *, today: date
) -> Decision:
    """Return the decision of the gate that made `report`, for `environment`, under the app's own `rules`.

    `would_block_in` follows the rules of each other environment, those about exceptions included.
    """
    gate, here = report.gate, tightened(environment, rules)
    matched = match(rules, gate, report.findings)
    found, applied = _weigh(report.findings, matched, here, today)
    deciding = tuple(sorted(found, key=lambda finding: finding.severity.rank))
    elsewhere = (tightened(each, rules) for each in policy.environments if each.name != environment.name)
    blocking = (each for each in elsewhere if each.modes[gate] is Mode.BLOCKING)
    verdict = Verdict(
        gate=gate,
        environment=environment.name,
        mode=here.modes[gate],
        result=_result(here.modes[gate], any_deciding=bool(deciding)),
        subject=report.subject,
        scanner=report.scanner,
        seen=report.seen,
        counts=report.counts(),
        deciding=len(deciding),
        would_block_in=tuple(each.name for each in blocking if _weigh(report.findings, matched, each, today)[0]),
        accepted=len(_accepted(applied)),
        exceptions=applied,
        notes=report.notes,
        database=_seen(report.database, today),
        java_database=_seen(report.java_database, today),
        decided_by=tuple(each.fingerprint for each in deciding),
    )
    return Decision(verdict, deciding)


def decides(finding: Finding, rule: VulnerabilityRule) -> bool:
    """Tell whether `finding` counts under `rule`. Whatever is no vulnerability, a secret above all, always does."""
    if finding.kind is not Kind.VULNERABILITY:
        return True
    unfixed = finding.package is None or not finding.package.fixed
    return finding.severity in rule.severities and not (unfixed and rule.ignore_unfixed)


def _weigh(
    findings: Sequence[Finding], matched: Sequence[Matched], environment: Environment, today: date
) -> tuple[list[Finding], tuple[Applied, ...]]:
    """Return what decides in `environment`, and what the exceptions are worth there."""
    applied = apply(matched, today, environment.longest_exception)
    accepted, rule = _accepted(applied), environment.vulnerabilities
    return [each for each in findings if decides(each, rule) and each.fingerprint not in accepted], applied


def _accepted(applied: Sequence[Applied]) -> frozenset[str]:
    return frozenset(name for each in applied if each.standing.counts for name in each.findings)


def _seen(seen: Database | None, today: date) -> DatabaseSeen | None:
    if seen is None:
        return None
    return DatabaseSeen(seen.updated, (today - seen.updated.date()).days, seen.source, seen.sha256)


def _result(mode: Mode, *, any_deciding: bool) -> Result:
    if not any_deciding:
        return Result.PASS
    return Result.BLOCK if mode is Mode.BLOCKING else Result.ADVISE
