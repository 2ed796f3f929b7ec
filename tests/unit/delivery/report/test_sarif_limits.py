"""SARIF as GitHub takes it: valid, within its limits, and with what an exception lets through marked so."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace

from goldenpath.delivery.model.exception import Acceptance, AppliedException, ExceptionScope, Standing
from goldenpath.delivery.model.finding import Finding, Gate, Severity
from goldenpath.delivery.report import sarif
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.rules.decision import decide
from goldenpath.delivery.scanners import trivy
from goldenpath.delivery.secrets import gitleaks
from tests import published
from tests.unit.builders import blind_spot, image_secret, report, secret, vulnerability
from tests.unit.hostile import recorded

VALIDATOR = jsonschema.Draft4Validator(published.sarif_schema(), format_checker=jsonschema.FormatChecker())


def rendered(
    *findings: Finding, gate: Gate = Gate.TRIVY, exceptions: tuple[AppliedException, ...] = ()
) -> sarif.Rendered:
    whole, policy = report(*findings, gate=gate), matrix.load()
    verdict = replace(
        decide(whole, policy, policy.environment("prod"), today=date(2026, 11, 28)).verdict, exceptions=exceptions
    )
    return sarif.render(whole, sarif.passed(verdict), category="trivy/app", dockerfile="Dockerfile")


def run_of(done: sarif.Rendered) -> dict[str, Any]:
    (run,) = json.loads(done.log)["runs"]
    return dict(run)


def applied(finding: Finding, standing: Standing = Standing.ACCEPTED) -> AppliedException:
    scope = ExceptionScope(fingerprint=finding.fingerprint)
    acceptance = Acceptance(finding.gate, finding.id, scope, "a test stand", "team-web", date(2026, 12, 31))
    return AppliedException(acceptance, standing, (finding.fingerprint,))


LOGS: dict[str, Callable[[], sarif.Rendered]] = {
    "recorded secrets": lambda: rendered(*gitleaks.parse(recorded("gitleaks/secrets.json")), gate=Gate.GITLEAKS),
    "recorded vulnerabilities": lambda: rendered(*trivy.parse(recorded("trivy/vulnerable.json")).findings),
    "recorded secrets in an image": lambda: rendered(*trivy.parse(recorded("trivy/secrets.json")).findings),
    "nothing": rendered,
    "all kinds": lambda: rendered(image_secret(), blind_spot(), *(vulnerability(each) for each in Severity)),
    "an exception": lambda: rendered(vulnerability(), exceptions=(applied(vulnerability()),)),
    "hostile names": lambda: rendered(
        secret("a b/../ü\n%2f#?.py"), replace(secret("\x00"), title='"><script>'), gate=Gate.GITLEAKS
    ),
}


@pytest.mark.parametrize("name", LOGS)
def test_every_log_is_valid_against_the_schema_of_sarif(name: str) -> None:
    log = json.loads(LOGS[name]().log)
    assert [f"{each.json_path}: {each.message}" for each in VALIDATOR.iter_errors(log)] == []


def test_a_log_that_had_to_leave_something_out_is_valid_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "RESULTS_LIMIT", 1)
    done = rendered(vulnerability(), vulnerability(Severity.LOW))
    assert list(VALIDATOR.iter_errors(json.loads(done.log))) == []
    note = "GitHub does not accept all findings: the SARIF file has the 1 most severe, without the other 1"
    assert (done.left_out, done.note) == (1, note)
    (invocation,) = run_of(done)["invocations"]
    assert invocation["toolExecutionNotifications"] == [{"level": "warning", "message": {"text": note}}]


def test_a_log_too_large_after_gzip_keeps_the_most_severe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "SIZE_LIMIT", 20_000)
    one = vulnerability(Severity.HIGH)
    many = [
        replace(one, id=f"CVE-{number}", fingerprint=hashlib.sha256(str(number).encode()).hexdigest())
        for number in range(2000)
    ]
    worst = replace(vulnerability(), id="CVE-worst")
    done = rendered(*many, worst)
    results = run_of(done)["results"]
    assert len(gzip.compress(done.log)) <= 20_000
    assert results[0]["ruleId"] == "CVE-worst"
    assert 100 < len(results) == 2001 - done.left_out


def test_a_rule_has_at_most_twenty_tags_and_texts_of_a_size_that_github_shows() -> None:
    loud = json.dumps(
        {
            "SchemaVersion": 2, "Metadata": {"ImageID": "sha256:" + "1" * 64},
            "Results": [{"Target": "t", "Vulnerabilities": [
                {"VulnerabilityID": "CVE-1", "PkgName": "x", "Severity": "LOW", "Title": "t" * 9999,
                 "Description": "d" * 9999}
            ]}],
        }
    )  # fmt: skip
    (rule,) = run_of(rendered(*trivy.parse(loud.encode()).findings))["tool"]["driver"]["rules"]
    assert len(rule["properties"]["tags"]) <= 20
    assert (len(rule["shortDescription"]["text"]), len(rule["fullDescription"]["text"])) == (250, 1000)


def test_a_rule_helps_with_the_fixed_version_and_an_address() -> None:
    (rule,) = run_of(rendered(vulnerability()))["tool"]["driver"]["rules"]
    assert rule["help"] == {"text": "Update PyYAML from 5.3 to 5.4."}
    assert rule["helpUri"] == "https://avd.example/CVE-2020-14343"


@pytest.mark.parametrize(
    ("standing", "suppressed"),
    [
        (Standing.ACCEPTED, True),
        (Standing.EXPIRES_SOON, True),
        (Standing.EXPIRED, False),
        (Standing.TOO_LONG, False),
        (Standing.PENDING, False),
    ],
)
def test_what_an_exception_lets_through_is_suppressed_with_its_reason(standing: Standing, *, suppressed: bool) -> None:
    one = vulnerability()
    (result,) = run_of(rendered(one, exceptions=(applied(one, standing),)))["results"]
    assert ("suppressions" in result) is suppressed
    if suppressed:
        (suppression,) = result["suppressions"]
        assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
        assert suppression["justification"].endswith("team-web: a test stand")


def test_the_tool_is_named_with_its_version() -> None:
    driver = run_of(rendered())["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("trivy", "1.0")


def test_a_secret_in_the_image_is_shown_at_the_dockerfile_with_its_place_in_words() -> None:
    (result,) = run_of(rendered(image_secret()))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "Dockerfile"
    assert result["message"]["text"] == "Asymmetric Private Key in the image: app/key.pem:2. Keep it out of the image."
