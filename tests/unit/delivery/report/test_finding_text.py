"""Whoever reads of a finding reads the same, wherever it is shown: above all which commit holds a secret."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from goldenpath.delivery.model.finding import Finding, FindingOrigin, Gate, Kind
from goldenpath.delivery.report import finding_text, gate_summary, job_summary
from goldenpath.delivery.report.annotations import AnnotationPlace, place
from goldenpath.delivery.report.job_summary import Facts
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


@pytest.mark.parametrize(
    "finding", [secret(), vulnerability(), FROM_BASE], ids=["secret", "vulnerability", "from a base"]
)
def test_a_sentence_says_what_a_row_says(finding: Finding) -> None:
    severity, identity, where, remedy = finding_text.row(finding)
    assert finding_text.sentence(finding) == f"{severity} {identity} in {where}. {remedy}"


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
