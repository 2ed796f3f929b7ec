"""The decision of a gate: a pure function of findings and rules, so that every cell of the matrix is a test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from goldenpath.delivery.model.finding import Kind
from goldenpath.delivery.model.verdict import DatabaseSeen, Mode, Result, Verdict
from goldenpath.delivery.rules import settled
from goldenpath.delivery.rules.app import NO_RULES, apply, match, tightened
from goldenpath.delivery.rules.settled import NO_RECORDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from goldenpath.delivery.model.exception import AppliedException
    from goldenpath.delivery.model.finding import Database, Finding, Findings
    from goldenpath.delivery.model.settled import AppliedSettlement
    from goldenpath.delivery.rules.app import AppRules, MatchedException
    from goldenpath.delivery.rules.matrix import Environment, Policy, VulnerabilityRule
    from goldenpath.delivery.rules.settled import Records


@dataclass(frozen=True)
class Decision:
    """A verdict, the findings that must be fixed, and those that are only reported because no fix exists.

    The most severe come first.
    """

    verdict: Verdict
    deciding: tuple[Finding, ...]
    unfixed: tuple[Finding, ...] = ()


def decide(
    report: Findings,
    policy: Policy,
    environment: Environment,
    rules: AppRules = NO_RULES,
    records: Records = NO_RECORDS,
    *,
    today: date,
) -> Decision:
    """Return the decision of the gate that made `report`, for `environment`, under the app's own `rules`.

    `records` are the app's settled secrets. `would_block_in` follows the rules of each other environment, those about
    exceptions and settled secrets included.
    """
    gate, here = report.gate, tightened(environment, rules)
    matched = match(rules, gate, report.findings)
    settled_here = settled.apply(records, report.findings, here)
    applied = apply(matched, today, here.longest_exception)
    deciding = _ranked(_deciding(report.findings, applied, settled_here, here.vulnerabilities))
    unfixed = _ranked(_unfixed(report.findings, applied, here.vulnerabilities))
    elsewhere = (tightened(other, rules) for other in policy.environments if other.name != environment.name)
    blocking = (other for other in elsewhere if other.modes[gate] is Mode.BLOCKING)
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
        would_block_in=tuple(other.name for other in blocking if _blocks_in(report, matched, records, other, today)),
        accepted=len(_accepted(applied)),
        exceptions=applied,
        notes=report.notes,
        database=_seen(report.database, today),
        java_database=_seen(report.java_database, today),
        decided_by=tuple(finding.fingerprint for finding in deciding),
        unfixed=tuple(finding.fingerprint for finding in unfixed),
        settled=settled_here,
        policy=policy.digest,
    )
    return Decision(verdict, deciding, unfixed)


def decides(finding: Finding, rule: VulnerabilityRule) -> bool:
    """Tell whether `finding` counts under `rule`. A finding that is no vulnerability, like a secret, always counts."""
    if finding.kind is not Kind.VULNERABILITY:
        return True
    return finding.severity in rule.severities and not (rule.ignore_unfixed and finding.has_no_fix)


def _unfixed(
    findings: Sequence[Finding], applied: Sequence[AppliedException], rule: VulnerabilityRule
) -> list[Finding]:
    """Return the findings that would count if a fix existed, without those that an exception accepts."""
    accepted, strict = _accepted(applied), replace(rule, ignore_unfixed=False)
    return [
        finding
        for finding in findings
        if decides(finding, strict) and not decides(finding, rule) and finding.fingerprint not in accepted
    ]


def _ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: finding.severity.rank))


def _blocks_in(
    report: Findings, matched: Sequence[MatchedException], records: Records, environment: Environment, today: date
) -> bool:
    """Tell whether any finding in `report` counts in `environment`."""
    applied = apply(matched, today, environment.longest_exception)
    settled_there = settled.apply(records, report.findings, environment)
    return bool(_deciding(report.findings, applied, settled_there, environment.vulnerabilities))


def _deciding(
    findings: Sequence[Finding],
    applied: Sequence[AppliedException],
    records: Sequence[AppliedSettlement],
    rule: VulnerabilityRule,
) -> list[Finding]:
    """Return the findings that count under `rule`, without those that an exception or a record accepts."""
    passed = _accepted(applied) | {record.settlement.fingerprint for record in records if record.counts}
    return [finding for finding in findings if decides(finding, rule) and finding.fingerprint not in passed]


def _accepted(applied: Sequence[AppliedException]) -> frozenset[str]:
    return frozenset(
        fingerprint for exception in applied if exception.standing.counts for fingerprint in exception.findings
    )


def _seen(seen: Database | None, today: date) -> DatabaseSeen | None:
    if seen is None:
        return None
    return DatabaseSeen(seen.updated, (today - seen.updated.date()).days, seen.source, seen.sha256)


def _result(mode: Mode, *, any_deciding: bool) -> Result:
    if not any_deciding:
        return Result.PASS
    return Result.BLOCK if mode is Mode.BLOCKING else Result.ADVISE
