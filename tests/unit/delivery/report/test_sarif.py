from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from goldenpath.delivery.model.finding import Finding, FindingOrigin, Gate, Kind, Severity
from goldenpath.delivery.report import sarif
from goldenpath.delivery.scanners import image_inspection, scanner, trivy
from goldenpath.delivery.secrets import gitleaks
from tests.unit.builders import image_secret, report, secret, vulnerability
from tests.unit.hostile import recorded

GOLDEN = Path(__file__).parents[3] / "data" / "golden"


def render(*findings: Finding, gate: Gate = Gate.TRIVY) -> dict[str, Any]:
    """Return the one run of the rendered log."""
    log = json.loads(
        sarif.render(report(*findings, gate=gate), category="trivy/my-app", dockerfile="web/Dockerfile").log
    )
    (run,) = log["runs"]
    return dict(run)


GOLDEN_FINDINGS = {
    "gitleaks": gitleaks.parse(recorded("gitleaks/secrets.json")),
    "trivy": trivy.parse(recorded("trivy/vulnerable.json")).findings,
    "nothing": (),
}


@pytest.mark.parametrize("name", GOLDEN_FINDINGS)
def test_sarif_of_a_recorded_report_is_the_one_that_was_reviewed(name: str) -> None:
    """To accept a change: write the new text to the file, and read the difference."""
    gate = Gate.GITLEAKS if name == "gitleaks" else Gate.TRIVY
    text = sarif.render(report(*GOLDEN_FINDINGS[name], gate=gate), category=gate.value, dockerfile="Dockerfile")
    assert text.log.decode() == (GOLDEN / f"{name}.sarif").read_text(encoding="utf-8")


def test_a_rule_stands_once_and_every_result_points_to_its_own() -> None:
    run = render(vulnerability(), vulnerability(Severity.LOW), vulnerability(identity="CVE-2"), vulnerability())
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert sorted(rules) == ["CVE-2", "CVE-2020-14343"]
    assert len(run["results"]) == 4
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [
        (Severity.CRITICAL, "error", "9.5"),
        (Severity.HIGH, "error", "8.0"),
        (Severity.MEDIUM, "warning", "5.5"),
        (Severity.LOW, "note", "2.0"),
        (Severity.UNKNOWN, "note", "0.5"),
    ],
)
def test_a_severity_is_shown_as_github_reads_it(severity: Severity, level: str, score: str) -> None:
    run = render(vulnerability(severity))
    (rule,), (result,) = run["tool"]["driver"]["rules"], run["results"]
    assert (rule["defaultConfiguration"]["level"], result["level"]) == (level, level)
    assert rule["properties"]["security-severity"] == score


@pytest.mark.parametrize(
    ("origin", "line", "brought", "by"),
    [
        (
            FindingOrigin(base="docker.io/library/python:3", line=4),
            4,
            ", from the base image docker.io/library/python:3 (line 4 of the Dockerfile)",
            "docker.io/library/python:3",
        ),
        (FindingOrigin(base="a/b:1"), 1, ", from the base image a/b:1", "a/b:1"),
        (FindingOrigin(line=12, instruction="COPY"), 12, ", brought by COPY in line 12 of the Dockerfile", "COPY"),
        (None, 1, "", None),
    ],
)
def test_what_is_in_an_image_is_shown_at_the_line_that_brought_it(
    origin: FindingOrigin | None, line: int, brought: str, by: str | None
) -> None:
    for finding in (vulnerability(), image_secret()):
        (result,) = render(replace(finding, origin=origin))["results"]
        where = result["locations"][0]["physicalLocation"]
        assert (where["artifactLocation"]["uri"], where["region"]["startLine"]) == ("web/Dockerfile", line)
        assert f"{brought}. " in result["message"]["text"]
        assert result.get("properties", {}).get("broughtBy") == by


def test_a_secret_is_shown_where_it_is_and_a_vulnerability_at_the_dockerfile() -> None:
    def place(finding: Finding, gate: Gate) -> tuple[str, int]:
        (result,) = render(finding, gate=gate)["results"]
        where = result["locations"][0]["physicalLocation"]
        return where["artifactLocation"]["uri"], where["region"]["startLine"]

    assert place(secret("src/config.py"), Gate.GITLEAKS) == ("src/config.py", 3)
    assert place(vulnerability(), Gate.TRIVY) == ("web/Dockerfile", 1)


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a b/ü.py", "a%20b/%C3%BC.py"),
        ("100%.txt", "100%25.txt"),
        ("x?y#z", "x%3Fy%23z"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("..%2f..", "..%252f.."),
        ('"><img src=x>', "%22%3E%3Cimg%20src%3Dx%3E"),
        ("a\nb", "a%0Ab"),
    ],
)
def test_a_hostile_file_name_is_quoted(path: str, uri: str) -> None:
    (result,) = render(secret(path), gate=Gate.GITLEAKS)["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_file_name_is_a_relative_address_that_leads_back_to_it(path: str) -> None:
    (result,) = render(secret(path), gate=Gate.GITLEAKS)["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri) == path
    assert uri.isascii()
    assert not urlsplit(uri).scheme
    assert not urlsplit(uri).query


def test_of_more_results_than_github_takes_the_most_severe_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sarif.RESULTS_LIMIT == 25_000
    monkeypatch.setattr(sarif, "RESULTS_LIMIT", 3)
    severities = [Severity.LOW, Severity.CRITICAL, Severity.UNKNOWN, Severity.HIGH, Severity.MEDIUM]
    run = render(*(vulnerability(each, identity=each.value) for each in severities))
    assert [result["ruleId"] for result in run["results"]] == ["CRITICAL", "HIGH", "MEDIUM"]
    assert run["properties"]["leftOut"] == 2
    assert len(run["tool"]["driver"]["rules"]) == 3


def test_a_full_report_is_rendered_in_a_moment_and_within_the_limit() -> None:
    one = vulnerability()
    findings = [replace(one, id=f"CVE-{number % 1000}", fingerprint=str(number)) for number in range(25_010)]
    run = render(*findings)
    assert (len(run["results"]), run["properties"]["leftOut"]) == (25_000, 10)


def test_a_fingerprint_lets_github_know_a_finding_again() -> None:
    (result,) = render(vulnerability())["results"]
    assert result["partialFingerprints"] == {
        "goldenpath/v1": "CVE-2020-14343-CRITICAL", "primaryLocationLineHash": "CVE-2020-14343-C:1",
    }  # fmt: skip


def test_one_vulnerability_in_two_packages_is_two_alerts_at_one_line() -> None:
    found = (replace(vulnerability(), fingerprint=scanner.fingerprint(name)) for name in ("PyYAML", "ruamel"))
    results = render(*found)["results"]
    assert {result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in results} == {1}
    assert len({result["partialFingerprints"]["primaryLocationLineHash"] for result in results}) == 2


def test_each_category_is_an_analysis_of_its_own() -> None:
    assert render()["automationDetails"] == {"id": "trivy/my-app/"}


def test_every_message_ends_in_what_to_do() -> None:
    texts = [result["message"]["text"] for result in render(vulnerability(), vulnerability(fixed=""))["results"]]
    assert texts == [
        (
            "CRITICAL: CVE-2020-14343 in PyYAML 5.3 (usr/lib/python3/site-packages/PyYAML.dist-info/METADATA). "
            "Update PyYAML from 5.3 to 5.4."
        ),
        (
            "CRITICAL: CVE-2020-14343 in PyYAML 5.3 (usr/lib/python3/site-packages/PyYAML.dist-info/METADATA). "
            "No fixed version of PyYAML is known (affected: no fix has been published): replace it or remove it."
        ),
    ]
    (leak,) = render(secret(), gate=Gate.GITLEAKS)["results"]
    assert leak["message"]["text"] == (
        "A GitHub token (commit a1b2c3d4e5f6). Revoke this secret first, then take it out of the repository."
    )


def test_an_alert_says_on_which_platform_a_finding_is_and_stays_the_same_alert() -> None:
    everywhere = vulnerability()
    results = render(everywhere, replace(everywhere, platforms=("linux/arm64",)))["results"]
    path = "usr/lib/python3/site-packages/PyYAML.dist-info/METADATA"
    assert [result["message"]["text"] for result in results] == [
        f"CRITICAL: CVE-2020-14343 in PyYAML 5.3 ({path}). Update PyYAML from 5.3 to 5.4.",
        f"CRITICAL: CVE-2020-14343 in PyYAML 5.3 ({path} on linux/arm64 only). Update PyYAML from 5.3 to 5.4.",
    ]
    assert results[0]["partialFingerprints"] == results[1]["partialFingerprints"]


def test_an_os_that_is_not_supported_is_one_finding_for_all_platforms() -> None:
    end_of_life = dataclasses.replace(
        trivy.parse(recorded("trivy/clean.json")), system="alpine 3.5.2", unsupported="alpine is old"
    )
    (found,) = image_inspection.merged({"linux/amd64": end_of_life, "linux/arm64": end_of_life})
    assert (found.id, found.severity, found.kind) == ("unsupported-os", Severity.HIGH, Kind.BLIND_SPOT)
    (result,) = render(found)["results"]
    assert result["message"]["text"] == (
        "alpine is old. The image's OS is alpine 3.5.2: build from a release that its distribution supports and trivy "
        "knows, and keep its /etc/os-release."
    )


def test_a_finding_of_the_gate_itself_is_told_without_a_commit_or_a_revocation() -> None:
    """An image in which no package was seen is neither a package's nor a commit's fault."""
    (nothing_seen,) = image_inspection.merged({"linux/amd64": trivy.parse(recorded("trivy/empty.json"))})
    (result,) = render(nothing_seen)["results"]
    assert result["message"]["text"] == (
        "No package was seen in the image, so nothing is known about its vulnerabilities. "
        "Keep the package database of the base image, or build from one that has one."
    )
