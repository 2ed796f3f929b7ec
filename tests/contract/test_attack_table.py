"""The table of attacks goes for every hole in several forms, and the threat model speaks of each hole."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.attacks.attack import HOLES
from tests.attacks.table import ALL, UNDER_RUNNER

THREAT_MODEL = Path(__file__).resolve().parents[2] / "docs" / "threat-model.md"


def test_each_hole_is_attacked_in_at_least_three_forms() -> None:
    forms = Counter(each.hole for each in ALL)
    assert {hole: forms[hole] for hole in HOLES if forms[hole] < 3} == {}
    assert set(forms) <= set(HOLES)


def test_no_two_attacks_have_one_name() -> None:
    names = Counter(each.name for each in ALL)
    assert [name for name, count in names.items() if count > 1] == []


def test_each_attack_names_a_defence_that_can_be_taken_out() -> None:
    assert [each.name for each in ALL if not each.defences] == []


def test_where_jobs_matter_the_attack_is_a_workflow_run() -> None:
    assert {1, 2, 5} <= {each.hole for each in UNDER_RUNNER}


def test_the_threat_model_speaks_of_each_hole() -> None:
    headings = re.findall(r"^### (\d+)\. ", THREAT_MODEL.read_text(), re.MULTILINE)
    assert headings == [str(hole) for hole in HOLES]
