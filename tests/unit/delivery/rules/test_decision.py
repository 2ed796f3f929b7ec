"""The whole matrix: every environment, gate, kind of finding and standing of an exception, each cell with its result.

Read a row as: this finding decides in a gate; with an exception of this standing, it still does, or no more.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from msgspec.structs import replace

from goldenpath.delivery.model.exception import Acceptance, ExceptionScope, Standing
from goldenpath.delivery.model.finding import Database, Finding, FixStatus, Gate, Severity
from goldenpath.delivery.model.verdict import DatabaseSeen, Mode, Result
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.rules.app import AppRules
from goldenpath.delivery.rules.decision import decide, decides
from goldenpath.delivery.rules.matrix import VulnerabilityRule
from tests.unit import policy_table
from tests.unit.builders import blind_spot, image_secret, report, secret, vulnerability

TODAY = date(2026, 11, 21)
ADVISORY, BLOCKING = ("local", "dev"), ("test", "staging", "prod")


def of_status(status: str, fixed: str = "") -> Finding:
    """Return a critical vulnerability of which the database says `status`."""
    found = vulnerability(fixed=fixed)
    assert found.package is not None
    return replace(found, package=replace(found.package, status=FixStatus(status)))


#                                    finding                             decides
FINDINGS: dict[str, tuple[Gate, tuple[Finding, ...], bool]] = {
    "nothing in the source":        (Gate.GITLEAKS, (),                                       False),
    "a secret":                     (Gate.GITLEAKS, (secret(),),                              True),
    "a secret called harmless":     (Gate.GITLEAKS, (replace(secret(), severity=Severity.LOW),), True),
    "nothing in the image":         (Gate.TRIVY, (),                                          False),
    "a critical vulnerability":     (Gate.TRIVY, (vulnerability(Severity.CRITICAL),),         True),
    "a high vulnerability":         (Gate.TRIVY, (vulnerability(Severity.HIGH),),             True),
    "a critical one without a fix": (Gate.TRIVY, (vulnerability(fixed=""),),                  False),
    "a critical one of which nobody knows": (Gate.TRIVY, (of_status("unknown"),),             True),
    "a medium vulnerability":       (Gate.TRIVY, (vulnerability(Severity.MEDIUM),),           False),
    "a low vulnerability":          (Gate.TRIVY, (vulnerability(Severity.LOW),),              False),
    "an unknown vulnerability":     (Gate.TRIVY, (vulnerability(Severity.UNKNOWN),),          False),
    "a low and a high one":         (Gate.TRIVY, (vulnerability(Severity.LOW), vulnerability(Severity.HIGH)), True),
    "a secret in the image":        (Gate.TRIVY, (image_secret(),),                           True),
    "a blind spot":                 (Gate.TRIVY, (blind_spot(),),                             True),
}  # fmt: skip

#                         days from now  pending     advisory environment    blocking environment
EXCEPTIONS: dict[str, tuple[int, bool, Standing | None, Standing | None]] = {
    "none":                          (0,    False,  None,                  None),
    "one for two months":            (60,   False,  Standing.ACCEPTED,     Standing.ACCEPTED),
    "one to its 90th day":           (90,   False,  Standing.ACCEPTED,     Standing.ACCEPTED),
    "one of 91 days":                (91,   False,  Standing.ACCEPTED,     Standing.TOO_LONG),
    "one of 181 days":               (181,  False,  Standing.TOO_LONG,     Standing.TOO_LONG),
    "one that ends today":           (0,    False,  Standing.EXPIRES_SOON, Standing.EXPIRES_SOON),
    "one that ends in two weeks":    (14,   False,  Standing.EXPIRES_SOON, Standing.EXPIRES_SOON),
    "one that ended yesterday":      (-1,   False,  Standing.EXPIRED,      Standing.EXPIRED),
    "one that the pull request adds": (60,  True,   Standing.PENDING,      Standing.PENDING),
}  # fmt: skip


def rules_for(case: str, finding: Finding) -> AppRules:
    days, pending, *standings = EXCEPTIONS[case]
    if not any(standings):
        return AppRules()
    each = acceptance(finding, days)
    return AppRules((), (), (each,)) if pending else AppRules((), (each,))


def acceptance(finding: Finding, days: int) -> Acceptance:
    scope = ExceptionScope(fingerprint=finding.fingerprint)
    return Acceptance(finding.gate, finding.id, scope, "a test stand", "team-web", TODAY + timedelta(days))


@pytest.mark.parametrize(("name", "case", "exception"), list(product(ADVISORY + BLOCKING, FINDINGS, EXCEPTIONS)))
def test_every_cell_of_environment_gate_finding_and_exception(name: str, case: str, exception: str) -> None:
    gate, findings, decides_ = FINDINGS[case]
    policy = matrix.load()
    rules = rules_for(exception, findings[-1]) if findings else AppRules()
    verdict = decide(report(*findings, gate=gate), policy, policy.environment(name), rules, today=TODAY).verdict

    advisory_standing, blocking_standing = EXCEPTIONS[exception][2:] if findings else (None, None)
    here = advisory_standing if name in ADVISORY else blocking_standing
    stands = decides_ and not (here and here.counts)
    assert verdict.result is ((Result.ADVISE if name in ADVISORY else Result.BLOCK) if stands else Result.PASS)
    assert verdict.mode is (Mode.ADVISORY if name in ADVISORY else Mode.BLOCKING)
    assert [each.standing for each in verdict.exceptions] == ([here] if here else [])
    blocks = decides_ and not (blocking_standing and blocking_standing.counts)
    assert verdict.would_block_in == (tuple(each for each in BLOCKING if each != name) if blocks else ())


def test_deciding_findings_come_the_most_severe_first() -> None:
    policy = matrix.load()
    found = report(vulnerability(Severity.HIGH), vulnerability(Severity.LOW), vulnerability(Severity.CRITICAL))
    decision = decide(found, policy, policy.environment("prod"), today=TODAY)
    assert [each.severity for each in decision.deciding] == [Severity.CRITICAL, Severity.HIGH]


def test_an_unfixed_vulnerability_does_not_decide_where_the_policy_ignores_unfixed() -> None:
    rule = VulnerabilityRule(frozenset({Severity.CRITICAL}), ignore_unfixed=True)
    assert not decides(vulnerability(fixed=""), rule)
    assert decides(vulnerability(fixed="5.4"), rule)
    assert decides(image_secret(), rule)


@pytest.mark.parametrize("status", FixStatus)
def test_only_what_certainly_has_no_fix_is_reported_without_deciding(status: FixStatus) -> None:
    certain = status not in {FixStatus.FIXED, FixStatus.UNKNOWN}
    policy = matrix.load()
    for environment in policy.environments:
        decision = decide(report(of_status(status)), policy, environment, today=TODAY)
        assert (decision.verdict.result is Result.PASS) is certain
        assert decision.verdict.unfixed == tuple(each.fingerprint for each in decision.unfixed)
        assert len(decision.unfixed) == certain
        assert decide(report(of_status(status, "5.4")), policy, environment, today=TODAY).verdict.deciding == 1


def test_a_platform_may_let_what_nobody_has_fixed_decide() -> None:
    text = policy_table.TEXT
    strict = matrix.parse(text.replace("ignore_unfixed: true", "ignore_unfixed: false"))
    verdict = decide(report(of_status("will_not_fix")), strict, strict.environment("prod"), today=TODAY).verdict
    assert (verdict.result, verdict.unfixed) == (Result.BLOCK, ())
    older = matrix.parse(text.replace(" ignore_unfixed: true,", ""))
    assert older == matrix.load()


def test_a_verdict_says_how_many_findings_have_no_fix_without_the_accepted_and_the_harmless() -> None:
    policy, accepted = matrix.load(), vulnerability(identity="CVE-2", fixed="")
    found = report(of_status("will_not_fix"), accepted, vulnerability(Severity.LOW, fixed=""))
    rules = AppRules((), (acceptance(accepted, 60),))
    verdict = decide(found, policy, policy.environment("prod"), rules, today=TODAY).verdict
    assert verdict.sentence == (
        "trivy: PASS in prod (blocking); 2 critical, 1 low found, 1 accepted by exception, "
        "1 without a fix reported only"
    )


def test_what_would_block_elsewhere_follows_the_rules_of_each_other_environment() -> None:
    text = policy_table.TEXT
    before, of_test = text.split("  test:\n")
    policy = matrix.parse(f"{before}  test:\n{of_test.replace('[HIGH, CRITICAL]', '[CRITICAL]', 1)}")
    high = decide(report(vulnerability(Severity.HIGH)), policy, policy.environment("dev"), today=TODAY).verdict
    assert high.would_block_in == ("staging", "prod")


def test_an_exception_that_no_finding_needs_is_told() -> None:
    policy = matrix.load()
    rules = AppRules((), (acceptance(vulnerability(), 60),))
    verdict = decide(report(), policy, policy.environment("prod"), rules, today=TODAY).verdict
    assert [each.standing for each in verdict.exceptions] == [Standing.UNUSED]


def test_an_exception_of_one_gate_lets_nothing_through_in_the_other() -> None:
    policy = matrix.load()
    foreign = replace(acceptance(secret(), 60), gate=Gate.TRIVY)
    verdict = decide(
        report(secret(), gate=Gate.GITLEAKS), policy, policy.environment("prod"), AppRules((), (foreign,)), today=TODAY
    ).verdict
    assert (verdict.result, verdict.exceptions) == (Result.BLOCK, ())


def test_a_verdict_says_how_old_its_databases_were() -> None:
    policy = matrix.load()
    made = datetime(2026, 11, 18, 12, tzinfo=UTC)
    java = Database(made, "mirror.example/trivy-java-db:1", "f" * 64)
    found = replace(report(), database=Database(made, "mirror.example/trivy-db:2"), java_database=java)
    verdict = decide(found, policy, policy.environment("prod"), today=TODAY).verdict
    assert verdict.database == DatabaseSeen(made, 3, "mirror.example/trivy-db:2")
    assert verdict.java_database == DatabaseSeen(made, 3, "mirror.example/trivy-java-db:1", "f" * 64)


def test_a_verdict_says_in_one_line_what_was_found_and_where_it_would_block() -> None:
    policy = matrix.load()
    found = report(vulnerability(), vulnerability(Severity.LOW))
    verdict = decide(found, policy, policy.environment("dev"), today=TODAY).verdict
    assert verdict.sentence == (
        "trivy: ADVISE in dev (advisory); 1 critical, 1 low found; would block in test, staging, prod"
    )


def test_a_verdict_says_how_many_were_accepted() -> None:
    policy, one = matrix.load(), vulnerability()
    rules = AppRules((), (acceptance(one, 91),))
    verdict = decide(report(one), policy, policy.environment("dev"), rules, today=TODAY).verdict
    assert verdict.sentence == (
        "trivy: PASS in dev (advisory); 1 critical found, 1 accepted by exception; would block in test, staging, prod"
    )
