"""Whoever reads of a finding reads the same, wherever it is shown: above all which commit holds a secret."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from goldenpath.delivery.model.finding import Finding, FindingOrigin, Gate, Kind
from goldenpath.delivery.report import finding_page, finding_text, gate_summary, job_summary, report_data
from goldenpath.delivery.report.annotations import AnnotationPlace, place
from goldenpath.delivery.report.job_summary import Facts
from goldenpath.delivery.report.report_data import FindingStanding
from goldenpath.delivery.rules import matrix
from goldenpath.delivery.rules.app import NO_RULES
from goldenpath.delivery.rules.decision import decide
from tests.unit.builders import COMMIT, report, secret, vulnerability

FROM_BASE = replace(vulnerability(), origin=FindingOrigin(base="debian:13", line=4))
COMMIT_OF_SECRET = "(commit a1b2c3d4e5f6)"


def test_every_page_names_the_commit_that_holds_a_secret() -> None:
    policy = matrix.load()
    scan = report(secret(), gate=Gate.GITLEAKS)
    decision = decide(scan, policy, policy.environment("prod"), NO_RULES, today=date(2026, 11, 21))
    facts = Facts("prod", COMMIT, (), deciding={Gate.GITLEAKS: (secret(),)})
    pages = (
        job_summary.render(facts),
        job_summary.render(facts, limit=job_summary.COMMENT_LIMIT),
        gate_summary.render(decision.verdict, decision.deciding),
    )
    for page in pages:
        assert "config.py:3 (commit `a1b2c3d4e5f6`)" in page
    for text in (finding_text.sentence(secret()), finding_text.message(secret())):
        assert COMMIT_OF_SECRET in text


ON_ARM64 = replace(FROM_BASE, platforms=("linux/arm64",))


@pytest.mark.parametrize(
    "finding",
    [secret(), vulnerability(), FROM_BASE, ON_ARM64],
    ids=["secret", "vulnerability", "from a base", "on one platform"],
)
def test_a_sentence_says_what_a_row_says(finding: Finding) -> None:
    severity, identity, where, remedy = finding_text.row(finding)
    assert finding_text.sentence(finding) == f"{severity} {identity} in {where}. {remedy}"


@pytest.mark.parametrize(
    ("platforms", "text"),
    [
        ((), ""),
        (("linux/arm64",), " on linux/arm64 only"),
        (("linux/amd64", "linux/arm64"), " on linux/amd64 and linux/arm64 only"),
    ],
    ids=["on all", "on one", "on two"],
)
def test_every_page_says_on_which_platforms_a_finding_is(platforms: tuple[str, ...], text: str) -> None:
    finding = replace(FROM_BASE, platforms=platforms)
    where = f"PyYAML.dist-info/METADATA{text}, from the base image debian:13 (line 4 of the Dockerfile)"
    facts = Facts("prod", COMMIT, (), deciding={Gate.TRIVY: (finding,)})
    day = date(2026, 11, 21)
    assert where in finding_text.sentence(finding)
    assert where in job_summary.render(facts)
    assert where in finding_page.render((finding,), day, timedelta(days=30))
    assert report_data.finding_row(finding, FindingStanding.TO_FIX).where.endswith(f"METADATA{text}")


def test_findings_are_grouped_by_base_image_those_of_the_app_last() -> None:
    assert finding_text.by_base([vulnerability(), FROM_BASE]) == {"debian:13": [FROM_BASE], "": [vulnerability()]}
    assert list(finding_text.by_base([vulnerability(), FROM_BASE])) == ["debian:13", ""]
    assert finding_text.by_base([]) == {}


def test_what_is_in_an_image_is_shown_at_the_line_that_brought_it_in() -> None:
    assert place(FROM_BASE, "app/Dockerfile") == AnnotationPlace("app/Dockerfile", 4)
    assert place(vulnerability(), "Dockerfile") == AnnotationPlace("Dockerfile", 1)
    assert place(replace(vulnerability(), kind=Kind.SECRET, package=None), "Dockerfile") == AnnotationPlace(
        "Dockerfile", 1
    )
    assert place(secret(), "Dockerfile") == AnnotationPlace("config.py", 3)
