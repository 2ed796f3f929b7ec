from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from msgspec.structs import replace

from goldenpath.delivery.model.finding import Gate, Location
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.report import html_report
from tests import report_cases
from tests.unit.builders import secret
from tests.unit.delivery.report.test_job_summary import CASES, facts, verdict

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"


def rendered(name: str) -> str:
    return html_report.render(CASES[name], report_cases.data(CASES[name]))


@pytest.mark.parametrize("name", CASES)
def test_a_report_is_one_file_that_asks_nobody_for_anything(name: str) -> None:
    html = rendered(name)
    assert not re.search(r"<(?:script|img|link|iframe)[^>]* (?:src|href)=", html)
    assert "default-src &#39;none&#39;" in html


def test_the_policy_of_the_page_runs_its_own_script_and_style_only() -> None:
    html = rendered("blocked")
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        text = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)[0]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{rule} &#39;sha256-{digest}&#39;" in html


def test_what_a_stranger_wrote_is_text_everywhere() -> None:
    finding = replace(secret(HOSTILE), title=HOSTILE, id=HOSTILE, location=Location(HOSTILE, 3))
    blocked = facts(
        verdicts={Gate.GITLEAKS: replace(verdict(Gate.GITLEAKS, Result.BLOCK), notes=(HOSTILE,))},
        deciding={Gate.GITLEAKS: (finding,)},
    )
    html = html_report.render(blocked, report_cases.data(blocked))
    assert "<img src=x" not in html
    assert html.count("<script>") == 1
    data = json.loads(html.partition('id="data">')[2].partition("</script>")[0])
    assert data["findings"][0][2] == HOSTILE


def test_the_change_that_fixes_most_comes_before_the_list() -> None:
    html = rendered("vulnerabilities")
    assert html.index("build from a newer docker.io/library/python:3") < html.index("What to fix</h2>")


def test_parts_that_a_run_has_not_are_left_out() -> None:
    html = rendered("nothing-ran")
    assert "No stage has left a file." in html
    assert not {"fix", "findings", "layers", "packages"} & set(re.findall(r'<section id="([a-z]+)"', html))


def test_who_can_help_is_shown_where_help_is_needed() -> None:
    shown = '<p>Who can help: <a href="https://wiki.example.com/platform">Platform team</a>, #ask-platform</p>'
    assert [shown in rendered(name) for name in ("blocked", "failed", "released")] == [True, True, False]
