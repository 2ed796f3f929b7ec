from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.model.evidence import Evidence
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.verdict import Result
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.report import run_facts
from goldenpath.shared import codec
from goldenpath.shared.errors import EvidenceMismatch
from tests.unit.builders import COMMIT, report, vulnerability
from tests.unit.delivery.report.test_job_summary import verdict
from tests.unit.delivery.report.test_release_difference import compared_release


def test_a_verdict_that_nobody_reported_is_no_fact(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path, evidence=Evidence({}))
    work.verdict(Gate.TRIVY).write_text("{}")
    with pytest.raises(EvidenceMismatch):
        run_facts.gather(work, "prod", COMMIT)


def test_a_report_that_cannot_be_read_is_no_fact_and_its_verdict_stays_one(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    codec.write(work.verdict(Gate.TRIVY), verdict(Gate.TRIVY, Result.BLOCK))
    work.findings(Gate.TRIVY).write_text("{")
    facts = run_facts.gather(work, "prod", COMMIT)
    assert list(facts.verdicts) == [Gate.TRIVY]
    assert (facts.reports, facts.deciding) == ({}, {Gate.TRIVY: ()})


def test_of_a_run_that_left_nothing_only_the_names_of_its_stages_are_known(tmp_path: Path) -> None:
    facts = run_facts.gather(WorkFolder(tmp_path), "prod", COMMIT)
    assert facts.stages == ("gitleaks-gate", "build", "trivy-gate", "sbom", "ecr-push")
    assert (facts.verdicts, facts.deciding, facts.candidate, facts.receipt) == ({}, {}, None, None)


def test_a_comparison_that_somebody_replaced_takes_nothing_else_from_the_page(tmp_path: Path) -> None:
    plain = WorkFolder(tmp_path)
    codec.write(plain.findings(Gate.TRIVY), report(vulnerability()))
    codec.write(plain.verdict(Gate.TRIVY), verdict(Gate.TRIVY, Result.BLOCK))
    compared_release(plain, vulnerability())
    reported = Evidence({**plain.left_by("trivy-gate").digests, **plain.left_by("compare-release").digests})
    work = WorkFolder(tmp_path, reported)
    facts = run_facts.gather(work, "prod", COMMIT)
    assert (facts.difference is None, facts.not_compared) == (False, "")
    work.released.release.write_text("{}")
    facts = run_facts.gather(work, "prod", COMMIT)
    assert facts.difference is None
    assert facts.not_compared == (
        "The comparison with the last release is left out: release.json is not the file that its job wrote"
    )
    assert facts.verdicts.keys() == {Gate.TRIVY}
