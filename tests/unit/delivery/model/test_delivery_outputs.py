"""The words of a delivery's end are those that its workflow puts out."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from goldenpath.delivery.model.delivery_outputs import DeliveryVerdict
from goldenpath.delivery.model.verdict import Result

WORKFLOW = Path(__file__).parents[4] / ".github" / "workflows" / "_build-and-release.yml"


def test_the_verdicts_are_those_of_the_workflow_and_of_its_gates() -> None:
    (decide,) = (
        step for step in yaml.safe_load(WORKFLOW.read_text())["jobs"]["verdict"]["steps"] if step.get("id") == "decide"
    )
    words = set(re.findall(r"(?:&&|\|\|) '(\w+)'", decide["env"]["VERDICT"]))
    assert words == set(DeliveryVerdict) - {DeliveryVerdict.NONE}
    assert set(map(str, Result)) == words - {"error"}
