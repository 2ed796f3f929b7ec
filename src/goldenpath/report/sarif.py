"""Findings as SARIF, for GitHub code scanning.

Sources: SARIF 2.1.0 (OASIS); GitHub, "SARIF support for code scanning" (what is shown, and the limits).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from goldenpath.model import codec
from goldenpath.model.finding import Gate, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.model.finding import Finding, Findings

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RESULTS_LIMIT = 25_000
_INFORMATION = {
    "gitleaks": "https://github.com/gitleaks/gitleaks",
    "trivy": "https://github.com/aquasecurity/trivy",
}
# GitHub reads `security-severity` as a CVSS score: over 9.0 critical, 7.0 high, 4.0 medium, over 0.1 low.
_SCORE = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.UNKNOWN: "0.5",
}
_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.UNKNOWN: "note",
}


def render(report: Findings, *, category: str, dockerfile: str) -> bytes:
    """Return `report` as a SARIF log with one run under `category`.

    A vulnerability has no place in the repository: it is shown at the `dockerfile` that brought it in (a path relative
    to the repository). The most severe results are kept where there are more than GitHub takes.
    """
    kept = sorted(report.findings, key=lambda finding: finding.severity.rank)[:RESULTS_LIMIT]
    ids = list(dict.fromkeys(finding.id for finding in kept))
    index = {identity: number for number, identity in enumerate(ids)}
    run = {
        "tool": {
            "driver": {
                "name": report.scanner.name,
                "version": report.scanner.version,
                "informationUri": _INFORMATION[report.gate.value],
                "rules": _rules(kept),
            }
        },
        "automationDetails": {"id": f"{category}/"},
        "results": [_result(finding, index[finding.id], dockerfile) for finding in kept],
        "properties": {"subject": report.subject, "leftOut": len(report.findings) - len(kept)},
    }
    return codec.encode({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rules(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.id, finding)
    return [_rule(finding) for finding in first.values()]


def _rule(finding: Finding) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": finding.id,
        "shortDescription": {"text": finding.title},
        "fullDescription": {"text": finding.detail or finding.title},
        "help": {"text": finding.remedy},
        "defaultConfiguration": {"level": _LEVEL[finding.severity]},
        "properties": {
            "security-severity": _SCORE[finding.severity],
            "tags": ["security", "secret" if finding.gate is Gate.GITLEAKS else "vulnerability"],
        },
    }
    if finding.url:
        rule["helpUri"] = finding.url
    return rule


def _result(finding: Finding, rule: int, dockerfile: str) -> dict[str, Any]:
    uri = finding.location.path if finding.gate is Gate.GITLEAKS else dockerfile
    return {
        "ruleId": finding.id,
        "ruleIndex": rule,
        "level": _LEVEL[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(uri), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": max(finding.location.line, 1)},
                }
            }
        ],
        "partialFingerprints": {"goldenpath/v1": finding.fingerprint},
    }


def _message(finding: Finding) -> str:
    if finding.package is None:
        commit = f" (commit {finding.location.commit[:12]})" if finding.location.commit else ""
        return f"{finding.title}{commit}. {finding.remedy}"
    package = finding.package
    return (
        f"{finding.severity.value}: {finding.id} in {package.name} {package.version} ({finding.location.path}). "
        f"{finding.remedy}"
    )
