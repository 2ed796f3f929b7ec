from __future__ import annotations

from datetime import date
from pathlib import Path

from msgspec.structs import replace

from goldenpath.delivery.model.exception import Acceptance, AppliedException, ExceptionScope, Standing
from goldenpath.delivery.model.finding import FindingOrigin, Gate
from goldenpath.delivery.model.image_layers import ImageLayer
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.report import report_data
from goldenpath.delivery.report.report_data import FindingStanding, LayerRow, PackageRow
from goldenpath.shared import codec
from goldenpath.shared.names import Digest
from tests.unit.builders import report, vulnerability
from tests.unit.delivery.report.test_job_summary import facts, verdict
from tests.unit.layout_builder import layout
from tests.unit.run_builder import candidate

SPDX = {
    "packages": [
        {"name": "the image"},
        {"name": "openssl", "versionInfo": "3.0", "licenseDeclared": "Apache-2.0", "licenseConcluded": "NOASSERTION",
         "externalRefs": [{"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a"},
                          {"referenceType": "purl", "referenceLocator": "pkg:deb/debian/openssl@3.0"}]},
    ]
}  # fmt: skip


def applied(identity: str, standing: Standing) -> AppliedException:
    scope = ExceptionScope(package="PyYAML")
    acceptance = Acceptance(Gate.TRIVY, identity, scope, "a reason", "team-web", date(2026, 12, 31))
    return AppliedException(acceptance, standing, (f"{identity}-CRITICAL",))


def test_each_finding_says_what_it_is_worth_and_those_to_fix_come_first(tmp_path: Path) -> None:
    scan = report(*(vulnerability(identity=f"CVE-{number}") for number in range(5)))
    decided = replace(
        verdict(Gate.TRIVY, Result.BLOCK), decided_by=("CVE-4-CRITICAL",), unfixed=("CVE-3-CRITICAL",),
        exceptions=(applied("CVE-2", Standing.ACCEPTED), applied("CVE-1", Standing.EXPIRED)),
    )  # fmt: skip
    known = facts(verdicts={Gate.TRIVY: decided}, reports={Gate.TRIVY: scan})
    rows = report_data.gather(WorkFolder(tmp_path), known).findings
    assert [(row.id, row.standing) for row in rows] == [
        ("CVE-4", FindingStanding.TO_FIX), ("CVE-0", FindingStanding.REPORTED), ("CVE-1", FindingStanding.REPORTED),
        ("CVE-2", FindingStanding.ACCEPTED), ("CVE-3", FindingStanding.UNFIXED),
    ]  # fmt: skip


def test_a_link_is_kept_only_where_it_is_one_of_the_web() -> None:
    finding = replace(
        vulnerability(), url="javascript:alert(1)", origin=FindingOrigin(base="docker.io/library/python:3")
    )
    row = report_data.finding_row(finding, FindingStanding.TO_FIX)
    assert (row.url, row.package, row.origin) == ("", "PyYAML 5.3", "from the base image docker.io/library/python:3")


def test_packages_come_with_kind_and_licence_and_the_image_is_none(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    codec.write_bytes(work.spdx, codec.encode(SPDX))
    assert report_data.gather(work, facts()).packages == (PackageRow("openssl", "3.0", "deb", "Apache-2.0"),)


def test_layers_are_those_of_the_record_of_the_build_so_that_no_image_is_needed(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "work")
    built = candidate(layout(tmp_path / "image"))
    base, own = FindingOrigin(base="docker.io/library/python:3", line=1), FindingOrigin(line=2, instruction="COPY")
    digests = tuple(Digest(f"sha256:{number * 64}") for number in "12")
    content = (ImageLayer(digests[0], 7, base), ImageLayer(digests[1], 5, own))
    codec.write(work.candidate, replace(built, platforms=(replace(built.platforms[0], content=content),)))
    assert report_data.gather(work, facts()).layers == (
        LayerRow("linux/amd64", digests[0], 7, base.words, is_of_base=True),
        LayerRow("linux/amd64", digests[1], 5, own.words, is_of_base=False),
    )


def test_what_is_damaged_or_missing_is_an_empty_table(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    work.spdx.write_text("{")
    verdicts = {Gate.TRIVY: verdict(Gate.TRIVY, Result.PASS)}
    made = report_data.gather(work, facts(verdicts=verdicts))
    assert (made.findings, made.layers, made.packages) == ((), (), ())
