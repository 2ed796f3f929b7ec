"""Nine runs, each as the files in a work folder would tell it: what summary and report show of them is kept."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import TYPE_CHECKING

from msgspec.structs import replace

from goldenpath.delivery.model.finding import Gate, Location, Package
from goldenpath.delivery.report import html_report, report_data
from goldenpath.delivery.report.release_difference import Novelty, ReleaseDifference
from goldenpath.delivery.report.report_data import FindingStanding, LayerRow, PackageRow, ReportData
from tests.unit.builders import vulnerability
from tests.unit.delivery.report.test_job_summary import CASES, flaws

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.delivery.model.finding import Finding
    from goldenpath.delivery.report.job_summary import Facts

LARGE = 25_000
_OF_BASE = 4
_MANY = 1_000


def reports() -> Mapping[str, str]:
    """Return the HTML of each report by the name of its case; `large` has 25,000 findings, one with very long names."""
    first, *others = flaws(LARGE)
    path = Location(f"opt/{'deep/' * 40}{'without-a-place-to-break' * 10}")
    long = replace(first, id=f"RULE{'_OF_MANY_WORDS' * 10}", package=Package("x" * 150, "1" * 90, "npm"), location=path)
    large = changed(CASES["vulnerabilities"], deciding={Gate.TRIVY: (long, *others)})
    return {name: html_report.render(facts, data(facts)) for name, facts in (CASES | {"large": large}).items()}


def data(facts: Facts) -> ReportData:
    """Return rows of findings, and where an image was released also of layers and packages.

    Where there are thousands, some were in the last release already.
    """
    findings = [finding for findings in facts.deciding.values() for finding in findings]
    difference = since(findings) if len(findings) > _MANY else facts.difference
    rows = tuple(report_data.finding_row(finding, FindingStanding.TO_FIX) for finding in findings)
    if difference:
        rows = tuple(
            replace(row, change=difference.changes[finding.fingerprint])
            for row, finding in zip(rows, findings, strict=True)
        )
    if facts.receipt is None:
        return ReportData(rows, (), (), difference)
    packages = tuple(PackageRow(f"library-{number}", f"1.{number}", "deb", "MIT") for number in range(300))
    return ReportData(rows, tuple(layers()), packages)


def since(findings: list[Finding]) -> ReleaseDifference:
    """Return a difference: every eighth of `findings` is new, and 120 are gone."""
    changes = {
        finding.fingerprint: Novelty.KNOWN if number % 8 else Novelty.NEW for number, finding in enumerate(findings)
    }
    gone = tuple(vulnerability(identity=f"CVE-2025-{number}") for number in range(120))
    return ReleaseDifference(f"sha256:{'7' * 64}", "prod", "2026-11-28", changes, gone)


def layers() -> Iterator[LayerRow]:
    """Yield seven layers, four of them from the base image."""
    base, own = "from the base image docker.io/library/python:3 (line 1)", "brought by COPY in line 7 of the Dockerfile"
    for number in range(7):
        is_of_base = number < _OF_BASE
        digest, size = f"sha256:{str(number) * 64}", (number + 1) * 7_000_000
        yield LayerRow("linux/amd64", digest, size, base if is_of_base else own, is_of_base)
