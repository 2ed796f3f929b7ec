from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from goldenpath.delivery.model.evidence import Evidence
from goldenpath.delivery.model.finding import Finding, Findings, Gate
from goldenpath.delivery.model.last_release import LastRelease
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.report import release_difference
from goldenpath.delivery.report.release_difference import Novelty
from goldenpath.shared import codec
from goldenpath.shared.errors import BadInput, EvidenceMismatch
from goldenpath.shared.names import Digest, EnvironmentName, Tag
from tests.unit.builders import image_secret, report, vulnerability
from tests.unit.delivery.report.test_job_summary import verdict

if TYPE_CHECKING:
    from pathlib import Path

OLD, KEPT, NEW = (vulnerability(identity=f"CVE-{number}") for number in (1, 2, 3))


COMPARED = datetime(2026, 11, 28, 12, tzinfo=UTC)
LAST = Digest(f"sha256:{'7' * 64}")


def compared_release(work: WorkFolder, *findings: Finding, pushed: datetime | None = COMPARED) -> WorkFolder:
    """Leave in `work` what `compare-release` leaves of prod's last release 1.4.2; return the folder of it."""
    released = work.released
    codec.write(released.findings(Gate.TRIVY), replace(report(*findings), subject=LAST))
    decided = replace(verdict(Gate.TRIVY, Result.BLOCK), decided_at=COMPARED)
    codec.write(released.verdict(Gate.TRIVY), decided)
    codec.write(released.release, LastRelease(EnvironmentName("prod"), LAST, Tag("1.4.2"), pushed))
    return released


def sentence(work: WorkFolder, now: Findings) -> str:
    difference = release_difference.of_run(work, now)
    assert difference
    return difference.sentence


def updated(finding: Finding) -> Finding:
    """Return `finding` in a later version of its package, which does not fix it."""
    assert finding.package
    package = replace(finding.package, version="5.3.1")
    return replace(finding, package=package, fingerprint=f"{finding.fingerprint}-5.3.1")


def test_findings_are_new_known_or_gone() -> None:
    changes, gone = release_difference.compared(report(KEPT, NEW, image_secret()), report(OLD, KEPT, image_secret()))
    assert changes == {
        KEPT.fingerprint: Novelty.KNOWN, NEW.fingerprint: Novelty.NEW, image_secret().fingerprint: Novelty.KNOWN,
    }  # fmt: skip
    assert gone == (OLD,)


def test_an_update_that_fixes_nothing_makes_no_new_finding() -> None:
    changes, gone = release_difference.compared(report(updated(KEPT)), report(KEPT))
    assert ([*changes.values()], gone) == ([Novelty.KNOWN], ())


def test_the_difference_to_a_release_that_was_scanned_again_is_one_sentence(tmp_path: Path) -> None:
    released, then = WorkFolder(tmp_path), report(OLD, KEPT)
    codec.write(released.findings(Gate.TRIVY), then)
    codec.write(released.verdict(Gate.TRIVY), verdict(Gate.TRIVY, Result.BLOCK))
    difference = release_difference.since(released, report(KEPT, NEW))
    assert difference.sentence == f"1 known, 1 new, 1 gone since the release {then.subject[:19]} in prod"


def test_a_folder_without_a_re_scan_is_refused_with_the_command_to_run(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no re-scan of a release in") as caught:
        release_difference.since(WorkFolder(tmp_path), report(KEPT))
    assert f"goldenpath rescan --work-dir {tmp_path}" in caught.value.fix


@pytest.mark.parametrize(
    ("pushed", "age"),
    [
        (COMPARED - timedelta(hours=23), ", today"),
        (COMPARED - timedelta(hours=25), ", 1 day ago"),
        (COMPARED - timedelta(days=3, hours=1), ", 3 days ago"),
        (COMPARED + timedelta(hours=1), ", today"),
        (None, ""),
    ],
)
def test_the_last_release_is_named_by_its_tag_and_its_age(tmp_path: Path, pushed: datetime | None, age: str) -> None:
    work = WorkFolder(tmp_path)
    compared_release(work, OLD, KEPT, pushed=pushed)
    assert sentence(work, report(KEPT, NEW)) == f"1 known, 1 new, 1 gone since prod's last release (1.4.2{age})"


def test_an_image_that_is_the_last_release_already_is_called_that(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    compared_release(work, KEPT)
    same = replace(report(KEPT), subject=LAST)
    assert sentence(work, same) == "the same image as prod's last release (1.4.2, today)"


def test_a_later_re_scan_of_another_image_in_that_folder_is_not_called_the_last_release(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    released = compared_release(work, KEPT)
    codec.write(released.findings(Gate.TRIVY), report(KEPT))
    assert "since the release sha256:5555" in sentence(work, report(KEPT))


def test_a_run_without_a_comparison_or_with_half_of_one_has_no_difference(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    assert release_difference.of_run(work, report(KEPT)) is None
    released = compared_release(work, KEPT)
    released.findings(Gate.TRIVY).write_text("half of a fi")
    assert release_difference.of_run(work, report(KEPT)) is None
    compared_release(work, KEPT)
    released.release.unlink()
    assert release_difference.of_run(work, report(KEPT)) is None


def test_a_comparison_that_no_job_reported_is_nobodys_and_one_that_was_replaced_is_refused(tmp_path: Path) -> None:
    compared_release(WorkFolder(tmp_path), KEPT)
    evidence = WorkFolder(tmp_path).left_by("compare-release")
    assert [*evidence.digests] == ["released/release.json", "released/trivy.json", "released/trivy.verdict.json"]
    others = Evidence({"trivy.json": evidence.digests["released/trivy.json"]})
    assert release_difference.of_run(WorkFolder(tmp_path, others), report(KEPT)) is None
    believed = WorkFolder(tmp_path, evidence)
    assert sentence(believed, report(KEPT)).startswith("1 known, 0 new, 0 gone since prod's last release")
    codec.write(believed.released.findings(Gate.TRIVY), report(OLD))
    with pytest.raises(EvidenceMismatch, match=r"trivy\.json is not the file that its job wrote"):
        release_difference.of_run(believed, report(KEPT))


def test_a_secret_in_the_source_is_never_new(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    compared_release(work, OLD)
    difference = release_difference.of_run(work, report(NEW))
    assert difference
    assert (difference.is_new(NEW), difference.is_new(OLD), difference.is_new(image_secret())) == (True, False, False)
