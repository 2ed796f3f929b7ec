from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from goldenpath.delivery.model.finding import Finding, Gate
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.report import release_difference
from goldenpath.delivery.report.release_difference import Novelty
from goldenpath.shared import codec
from goldenpath.shared.errors import BadInput
from tests.unit.builders import image_secret, report, vulnerability
from tests.unit.delivery.report.test_job_summary import verdict

if TYPE_CHECKING:
    from pathlib import Path

OLD, KEPT, NEW = (vulnerability(identity=f"CVE-{number}") for number in (1, 2, 3))


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
    assert difference.sentence == f"1 new, 1 known, 1 gone since the release {then.subject[:19]} in prod"


def test_a_folder_without_a_re_scan_is_refused_with_the_command_to_run(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no re-scan of a release in") as caught:
        release_difference.since(WorkFolder(tmp_path), report(KEPT))
    assert f"goldenpath rescan --work-dir {tmp_path}" in caught.value.fix
