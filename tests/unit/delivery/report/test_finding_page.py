from __future__ import annotations

from datetime import date, timedelta

from msgspec.structs import replace

from goldenpath.delivery.model.finding import FindingOrigin
from goldenpath.delivery.report import finding_page
from tests.unit.builders import secret, vulnerability

TODAY = date(2026, 11, 28)
LONGEST = timedelta(days=90)


def page(*findings: object) -> str:
    return finding_page.render(findings, TODAY, LONGEST)  # type: ignore[arg-type]


def test_the_page_of_a_vulnerability_says_where_it_is_and_how_to_fix_it() -> None:
    finding = replace(vulnerability(), origin=FindingOrigin(base="docker.io/library/python:3"))
    assert page(finding) == (
        f"# CVE-2020-14343\n\nCRITICAL vulnerability: {finding.title}\n\n## Where\n\n"
        "- PyYAML 5.3, usr/lib/python3/site-packages/PyYAML.dist-info/METADATA, "
        "from the base image docker.io/library/python:3\n\n## What to do\n\n"
        "1. Update PyYAML from 5.3 to 5.4.\n"
        "2. Or build from a newer version of the base image docker.io/library/python:3: it brings this finding.\n\n"
        "## If it cannot be fixed now\n\nRequest an exception in `.goldenpath.yml`. It counts once it is merged into "
        "the default branch, until its last day.\n\n```yaml\nexceptions:\n- gate: trivy\n  id: CVE-2020-14343\n"
        "  scope:\n    package: PyYAML\n  reason: WHY THIS CAN WAIT\n  owner: YOUR TEAM\n  expires: 2026-12-28\n```\n"
        + (f"\nMore about it: {finding.url}\n" if finding.url else "")
    )


def test_a_secret_that_only_history_has_can_be_settled() -> None:
    finding = replace(secret("config.py"), in_history_only=True)
    text = page(finding)
    assert f"- config.py:3 in commit {finding.location.commit[:12]}" in text
    assert "2. Only git's history has it. Once it is revoked, `goldenpath settle` records that." in text
    assert f"fingerprint: {finding.fingerprint}" in text


def test_findings_of_one_id_are_chosen_by_id_or_fingerprint_in_any_case() -> None:
    flaw, other, token = vulnerability(), vulnerability(identity="CVE-2026-1"), secret("a.py")
    everything = (flaw, other, token)
    assert finding_page.matching(everything, "cve-2020-14343") == (flaw,)
    assert finding_page.matching(everything, token.fingerprint.upper()) == (token,)
    assert finding_page.matching(everything, "nothing") == ()


def test_of_many_places_some_are_listed_and_the_rest_counted() -> None:
    text = page(*(secret(f"{number}.py") for number in range(30)))
    places = text.partition("## Where\n\n")[2].partition("\n\n")[0].splitlines()
    assert (len(places), places[-1]) == (21, "- and 10 more")
