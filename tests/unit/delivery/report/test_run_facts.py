from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.model.evidence import Evidence
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.delivery.report import run_facts
from goldenpath.shared.errors import EvidenceMismatch
from tests.unit.builders import COMMIT


def test_a_verdict_that_nobody_reported_is_no_fact(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path, evidence=Evidence({}))
    work.verdict(Gate.TRIVY).write_text("{}")
    with pytest.raises(EvidenceMismatch):
        run_facts.gather(work, "prod", COMMIT)


def test_of_a_run_that_left_nothing_only_the_names_of_its_stages_are_known(tmp_path: Path) -> None:
    facts = run_facts.gather(WorkFolder(tmp_path), "prod", COMMIT)
    assert facts.stages == ("gitleaks-gate", "build", "trivy-gate", "sbom", "ecr-push")
    assert (facts.verdicts, facts.deciding, facts.candidate, facts.receipt) == ({}, {}, None, None)
