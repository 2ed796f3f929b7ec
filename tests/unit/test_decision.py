"""The whole matrix: every environment with every kind of finding, each cell with its result."""

from __future__ import annotations

from itertools import product

import pytest

from goldenpath.model.finding import Finding, Gate, Severity
from goldenpath.model.verdict import Result
from goldenpath.policy import matrix
from goldenpath.policy.decision import decide, decides, deciding_findings
from goldenpath.policy.matrix import VulnerabilityRule
from tests.unit.builders import report, secret, vulnerability

ADVISORY, BLOCKING = ("local", "dev"), ("test", "staging", "prod")
#                                    finding                             decides
FINDINGS: dict[str, tuple[Gate, tuple[Finding, ...], bool]] = {
    "nothing in the source":        (Gate.GITLEAKS, (),                                       False),
    "a secret":                     (Gate.GITLEAKS, (secret(),),                              True),
    "nothing in the image":         (Gate.TRIVY, (),                                          False),
    "a critical vulnerability":     (Gate.TRIVY, (vulnerability(Severity.CRITICAL),),         True),
    "a high vulnerability":         (Gate.TRIVY, (vulnerability(Severity.HIGH),),             True),
    "a critical one without a fix": (Gate.TRIVY, (vulnerability(fixed=""),),                  True),
    "a medium vulnerability":       (Gate.TRIVY, (vulnerability(Severity.MEDIUM),),           False),
    "a low vulnerability":          (Gate.TRIVY, (vulnerability(Severity.LOW),),              False),
    "an unknown vulnerability":     (Gate.TRIVY, (vulnerability(Severity.UNKNOWN),),          False),
    "a low and a high one":         (Gate.TRIVY, (vulnerability(Severity.LOW), vulnerability(Severity.HIGH)), True),
}  # fmt: skip


@pytest.mark.parametrize(("name", "case"), list(product(ADVISORY + BLOCKING, FINDINGS)))
def test_an_environment_decides_on_a_finding(name: str, case: str) -> None:
    gate, findings, decides_ = FINDINGS[case]
    policy = matrix.load()
    verdict = decide(report(*findings, gate=gate), policy, policy.environment(name))
    expected = (Result.ADVISE if name in ADVISORY else Result.BLOCK) if decides_ else Result.PASS
    assert verdict.result is expected
    assert verdict.would_block_in == (tuple(each for each in BLOCKING if each != name) if decides_ else ())


def test_deciding_findings_come_the_most_severe_first() -> None:
    found = report(vulnerability(Severity.HIGH), vulnerability(Severity.LOW), vulnerability(Severity.CRITICAL))
    assert [each.severity for each in deciding_findings(found, matrix.load())] == [Severity.CRITICAL, Severity.HIGH]


def test_an_unfixed_vulnerability_does_not_decide_where_the_policy_ignores_unfixed() -> None:
    rule = VulnerabilityRule(frozenset({Severity.CRITICAL}), ignore_unfixed=True)
    assert not decides(vulnerability(fixed=""), rule)
    assert decides(vulnerability(fixed="5.4"), rule)


def test_a_verdict_says_in_one_line_what_was_found_and_where_it_would_block() -> None:
    policy = matrix.load()
    verdict = decide(report(vulnerability(), vulnerability(Severity.LOW)), policy, policy.environment("dev"))
    assert verdict.sentence == (
        "trivy: ADVISE in dev (advisory); 1 critical, 1 low found; would block in test, staging, prod"
    )
