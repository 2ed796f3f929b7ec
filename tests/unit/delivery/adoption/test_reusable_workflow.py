"""How a caller's workflow is read."""

from __future__ import annotations

import pytest

from goldenpath.delivery.adoption import reusable_workflow
from goldenpath.shared.names import PLATFORM

FILE = ".github/workflows/delivery.yml"


WORKFLOW = f"""
on: {{push: {{branches: [main]}}, schedule: [{{cron: "5 4 * * 1"}}]}}
jobs:
  delivery:
    uses: {PLATFORM}/{reusable_workflow.WORKFLOW}@v1.2.3
  comment:
    uses: {PLATFORM}/.github/workflows/_pull-request-comment.yml@v1.2.3
    with: {{reports_artifact: x}}
"""


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (WORKFLOW, {"push", "schedule"}),
        ("on: push\njobs: {}", {"push"}),
        ("on: [push, merge_group]\njobs: {}", {"push", "merge_group"}),
        ("'on': push", {"push"}),
        ("jobs: 7", set()),
        ("on: 7", set()),
        ("on: {push: 7}\njobs: {x: {uses: y, with: 7}, z: 7}", {"push"}),
        ("7", set()),
    ],
)
def test_a_workflow_says_what_starts_it_and_what_it_calls(text: str, events: set[str]) -> None:
    found = reusable_workflow.workflow(FILE, text)
    assert found.events == events
    assert [each.job for each in found.callers] == (["delivery"] if text == WORKFLOW else [])
    assert [each.inputs for each in found.comments] == ([{"reports_artifact"}] if text == WORKFLOW else [])
