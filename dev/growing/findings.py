"""What follows from findings, however many: the verdict, SARIF, summaries, comment and annotations. No program runs.

Each case prepares its input of a size in a new folder, and returns the work that is measured.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from dev.growing.case import Case, Work
from msgspec.structs import replace

from goldenpath.delivery.model.exception import Acceptance, ExceptionScope
from goldenpath.delivery.model.finding import Findings, Gate, Scanner
from goldenpath.delivery.model.settled import Settlement
from goldenpath.delivery.model.verdict import Verdict
from goldenpath.delivery.report import gate_summary, job_summary, sarif
from goldenpath.delivery.report.annotations import chosen, of_finding
from goldenpath.delivery.report.job_summary import Facts
from goldenpath.delivery.rules import matrix, settled
from goldenpath.delivery.rules.app import NO_RULES, AppRules, reviewed
from goldenpath.delivery.rules.decision import Decision, decide
from goldenpath.delivery.rules.settled import NO_RECORDS, Records
from goldenpath.delivery.running import gate
from goldenpath.delivery.scanners import trivy
from goldenpath.delivery.secrets import gitleaks
from goldenpath.shared import codec

ROOT = Path(__file__).resolve().parents[2]
TODAY = dt.date(2026, 11, 28)
_RECORDED = ROOT / "tests" / "data" / "reports" / "trivy" / "vulnerable.json"
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN")
_FINDINGS = (0, 2_500, 5_000, 10_000, 25_000)


def report_of_trivy(count: int) -> bytes:
    """Return a report of trivy on `count` vulnerabilities of 5,000 ids, each with a long description."""
    tree = json.loads(_RECORDED.read_bytes())
    result = next(target for target in tree["Results"] if target.get("Vulnerabilities"))
    one = {**result["Vulnerabilities"][0], "Description": "What it does, and to whom. " * 20}
    result["Vulnerabilities"] = [
        {
            **one,
            "VulnerabilityID": f"CVE-2026-{number % 5000}",
            "PkgName": f"package-{number}",
            "Severity": _SEVERITIES[number % len(_SEVERITIES)],
        }
        for number in range(count)
    ]
    return json.dumps(tree).encode()


def _report_of_gitleaks(count: int) -> bytes:
    entries = (
        {
            "RuleID": "github-pat", "Description": "A GitHub token", "StartLine": number + 1, "File": "keys.txt",
            "Commit": "a" * 40, "Entropy": 4.5, "Secret": f"ghp_{number:036}",
        }
        for number in range(count)
    )  # fmt: skip
    return json.dumps([*entries]).encode()


def _concluded(findings: Findings, folder: Path, rules: AppRules = NO_RULES, records: Records = NO_RECORDS) -> None:
    """Do what follows from findings in a delivery: the verdict, SARIF, summaries, comment and annotations."""
    policy = matrix.load()
    decision = decide(findings, policy, policy.environment("prod"), rules, records, today=TODAY)
    passed = sarif.passed(decision.verdict)
    rendered = sarif.render(findings, passed, category=findings.gate.value, dockerfile="Dockerfile")
    codec.write(folder / "findings.json", findings)
    codec.write_bytes(folder / "findings.sarif", rendered.log)
    codec.write(folder / "verdict.json", decision.verdict)
    gate_summary.render(decision.verdict, decision.deciding, decision.unfixed)
    _shown(folder, decision)


def _shown(folder: Path, decision: Decision) -> None:
    """Do what the last job does with the files of the gates."""
    verdict = codec.read(folder / "verdict.json", Verdict, written_by="a gate")
    report = codec.read(folder / "findings.json", Findings, written_by="a gate")
    by_fingerprint = {finding.fingerprint: finding for finding in report.findings}
    deciding = tuple(by_fingerprint[fingerprint] for fingerprint in verdict.decided_by)
    facts = Facts("prod", "a" * 40, (), verdicts={verdict.gate: verdict}, deciding={verdict.gate: deciding})
    job_summary.render(facts)
    job_summary.render(facts, limit=job_summary.COMMENT_LIMIT)
    notices = [of_finding(each, "Dockerfile") for each in decision.deciding[: gate.WARNED_AT_MOST]]
    chosen(notices, 10)


def _findings_of_trivy(count: int, folder: Path) -> Work:
    raw = report_of_trivy(count)

    def work() -> None:
        scanned = trivy.parse(raw)
        _concluded(Findings(Gate.TRIVY, Scanner("trivy", "1"), scanned.config, {}, scanned.findings), folder)

    return work


def _findings_of_gitleaks(count: int, folder: Path) -> Work:
    raw = _report_of_gitleaks(count)

    def work() -> None:
        _concluded(Findings(Gate.GITLEAKS, Scanner("gitleaks", "1"), "a" * 40, {}, gitleaks.parse(raw)), folder)

    return work


def _exceptions(count: int, folder: Path) -> Work:
    """Accept `count` findings of one rule, each in a file of its own, by an exception each."""
    (one,) = gitleaks.parse(_report_of_gitleaks(1))
    paths = [f"tests/data/{number}.txt" for number in range(count)]
    listed = tuple(replace(one, location=replace(one.location, path=path), fingerprint=path) for path in paths)
    until = TODAY + dt.timedelta(days=30)
    accepted = AppRules(
        exceptions=tuple(
            Acceptance(Gate.GITLEAKS, one.id, ExceptionScope(path=path), "A made-up token.", "team-web", until)
            for path in paths
        )
    )
    report = Findings(Gate.GITLEAKS, Scanner("gitleaks", "1"), "a" * 40, {}, listed)
    return lambda: _concluded(report, folder, reviewed(accepted, accepted))


def _settled(count: int, folder: Path) -> Work:
    """Let `count` settled secrets of history pass, which the default branch has a record of."""
    report = _report_of_gitleaks(count)
    findings = tuple(replace(finding, in_history_only=True) for finding in gitleaks.parse(report))
    records = tuple(
        Settlement(finding.fingerprint, finding.id, finding.location.path, "Revoked.", "team-web", TODAY)
        for finding in findings
    )
    text = settled.render(records)
    listed = Findings(Gate.GITLEAKS, Scanner("gitleaks", "1"), "a" * 40, {}, findings)

    def work() -> None:
        merged_ones, proposed = settled.parse(text), settled.parse(text)
        _concluded(listed, folder, records=settled.reviewed(proposed, merged_ones, "does not count"))

    return work


CASES = (
    Case("findings-trivy", "findings", "trivy's report to verdict, SARIF, summary, comment and annotations",
         "findings", _FINDINGS, _findings_of_trivy),
    Case("findings-gitleaks", "findings", "the same of gitleaks' report", "findings", _FINDINGS,
         _findings_of_gitleaks),
    Case("findings-exceptions", "findings", "findings of one rule, each accepted by an exception", "findings",
         (10, 100, 300, 1_000, 3_000), _exceptions),
    Case("findings-settled", "findings", "secrets of history, each with a record that lets it pass", "findings",
         (10, 100, 300, 1_000, 3_000), _settled),
)  # fmt: skip
