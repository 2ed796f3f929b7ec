"""Findings as SARIF, for GitHub code scanning.

Sources: SARIF 2.1.0 (OASIS); GitHub, "SARIF support for code scanning" (what is shown, and the limits).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from isal import igzip

from goldenpath.delivery.model.finding import Gate, Severity
from goldenpath.delivery.report import finding_text
from goldenpath.delivery.report.annotations import place
from goldenpath.shared import codec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.delivery.model.finding import Finding, Findings
    from goldenpath.delivery.model.verdict import Verdict

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# GitHub refuses a file with more results or rules than this in a run, or larger than this after gzip.
RESULTS_LIMIT = 25_000
SIZE_LIMIT = 10_000_000
FINGERPRINT = "goldenpath/v1"
# The one fingerprint that code scanning looks at. Without it an alert is opened again when its line moves, and one
# vulnerability in two packages is one alert, as both are at line 1 of the Dockerfile.
ALERT_FINGERPRINT = "primaryLocationLineHash"
NOTHING: Mapping[str, str] = MappingProxyType({})
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


@dataclass(frozen=True)
class Rendered:
    """A SARIF log, how many findings had to be left out of it, and a sentence on that (empty where all are in)."""

    log: bytes
    left_out: int = 0
    note: str = ""


def passed(verdict: Verdict) -> dict[str, str]:
    """Return the fingerprints that an exception or a settled secret accepts, each with the reason."""
    accepted = {
        name: exception.sentence
        for exception in verdict.exceptions
        if exception.standing.counts
        for name in exception.findings
    }
    return accepted | {secret.settlement.fingerprint: secret.sentence for secret in verdict.settled if secret.counts}


def render(report: Findings, accepted: Mapping[str, str] = NOTHING, *, category: str, dockerfile: str) -> Rendered:
    """Return `report` as a SARIF log with one run under `category`; the `accepted` findings are marked suppressed.

    A finding in the image has no place in the repository: it is shown at the `dockerfile` (a path relative to the
    repository), at the line that brought it in where that is known. The most severe results are kept where there
    are more than GitHub takes.
    """
    ranked = sorted(report.findings, key=lambda finding: finding.severity.rank)
    keep = min(len(ranked), RESULTS_LIMIT)
    while True:
        left_out = len(ranked) - keep
        note = _note(left_out, keep)
        run = {
            "tool": {"driver": _driver(report, rules := _rules(ranked[:keep]))},
            "automationDetails": {"id": f"{category}/"},
            "invocations": [_invocation(note)],
            "results": _results(ranked[:keep], rules, accepted, dockerfile),
            "properties": {"subject": report.subject, "leftOut": left_out},
        }
        log = codec.encode({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})
        size = len(igzip.compress(log))
        if size <= SIZE_LIMIT or keep == 0:
            return Rendered(log, left_out, note)
        # Nearly as many as fit, if they are all of the same size; fewer each time round.
        keep = min(keep - 1, int(keep * 0.9 * SIZE_LIMIT / size))


def _driver(report: Findings, rules: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "name": report.scanner.name,
        "version": report.scanner.version,
        "informationUri": _INFORMATION[report.gate.value],
        "rules": rules,
    }


def _results(
    kept: Sequence[Finding], rules: Sequence[Mapping[str, Any]], accepted: Mapping[str, str], dockerfile: str
) -> list[dict[str, Any]]:
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    return [_result(finding, index[finding.id], dockerfile, accepted.get(finding.fingerprint)) for finding in kept]


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
        "properties": {"security-severity": _SCORE[finding.severity], "tags": ["security", finding.kind.value]},
    }
    if finding.url:
        rule["helpUri"] = finding.url
    return rule


def _result(finding: Finding, rule: int, dockerfile: str, accepted: str | None) -> dict[str, Any]:
    file, line = place(finding, dockerfile)
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(file), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": max(line, 1)},
        }
    }
    if finding.gate is not Gate.GITLEAKS:
        name = finding.package.name if finding.package else finding.location.path
        location["logicalLocations"] = [{"name": name, "fullyQualifiedName": f"{finding.location.path}#{name}"}]
    result = {
        "ruleId": finding.id,
        "ruleIndex": rule,
        "level": _LEVEL[finding.severity],
        "message": {"text": finding_text.message(finding)},
        "locations": [location],
        "partialFingerprints": _fingerprints(finding),
    }
    if properties := _properties(finding):
        result["properties"] = properties
    if accepted is not None:
        # Code scanning does not read this: the alert stays open there until somebody dismisses it.
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": accepted}]
    return result


def _properties(finding: Finding) -> dict[str, str]:
    properties = {"fixStatus": finding.package.status.value} if finding.package else {}
    if finding.origin:
        properties["broughtBy"] = finding.origin.base or finding.origin.instruction
    return properties


def _fingerprints(finding: Finding) -> dict[str, str]:
    # Of the form that GitHub's own tools write: 64 bits, and which of the equal lines of a file it is.
    return {FINGERPRINT: finding.fingerprint, ALERT_FINGERPRINT: f"{finding.fingerprint[:16]}:1"}


def _note(left_out: int, kept: int) -> str:
    if not left_out:
        return ""
    return (
        f"GitHub does not accept all findings: the SARIF file has the {kept} most severe, without the other {left_out}"
    )


def _invocation(note: str) -> dict[str, Any]:
    notifications = [{"level": "warning", "message": {"text": note}}] if note else []
    return {"executionSuccessful": True, "toolExecutionNotifications": notifications}
