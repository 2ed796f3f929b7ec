"""`dev/run_model.py` follows the workflow: what a job needs, which jobs and steps run, and what they hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dev import run_model

if TYPE_CHECKING:
    from tests.judges.judge import Judge

WORKFLOW = """
on:
  workflow_call:
    inputs:
      environment: {type: string, required: true}
      ecr_repository: {type: string, required: true}
jobs:
  first:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
  left_out:
    if: inputs.environment == 'dev'
    needs: first
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
  second:
    if: ${{ !failure() }}
    needs: left_out
    runs-on: ubuntu-latest
    outputs:
      image: ${{ steps.candidate.outputs.artifact-id }}
    steps:
      - uses: $/actions/build
      - id: candidate
        uses: actions/upload-artifact@v7
      - if: failure()
        name: never
        uses: actions/checkout@v7
  last:
    if: ${{ !failure() }}
    needs: [first, second]
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v8
        with:
          artifact-ids: ${{ needs.second.outputs.image }},0
"""
RATES = run_model.Rates(
    {
        "machine_start": 10, "machine_end": 0, "step": 0, "checkout": 5, "download": 10, "artifact_download": 10,
        "artifact_upload": 5, "artifact_request": 0, "cache_restore": 20, "cache_request": 1, "registry_upload": 1,
        "sent_share": 0.5, "reports": 0, "inventory": 0,
    },
    run_model.Stage(2, megabytes=30),
    {"build": run_model.Stage(1, each_100_mb=10, network=3, megabytes=20)},
)  # fmt: skip


def ends(judge: Judge, workflow: str, rates: run_model.Rates = RATES, image: int = 100) -> tuple[dict[str, float], str]:
    """Return when each job ends, and the critical path."""
    order = run_model.run(judge, workflow)
    timed = run_model.schedule(order, rates, image)
    path = run_model.critical_path(timed, order)
    return {name: each.end for name, each in timed.items()}, " ".join(path)


def test_jobs_follow_those_that_they_need_and_skipped_jobs_take_no_time(judge: Judge) -> None:
    # `second`: 10 to start, 2 + 3 for the environment, 14 + 2 for the build, 50 MB at 5 MB/s.
    assert ends(judge, WORKFLOW) == ({"first": 15, "second": 56, "last": 71}, "first second last")


def test_a_changed_need_changes_the_result(judge: Judge) -> None:
    beside = WORKFLOW.replace("    needs: left_out\n", "")
    assert ends(judge, beside) == ({"first": 15, "second": 41, "last": 56}, "second last")
    without = WORKFLOW.replace("    needs: [first, second]\n", "    needs: first\n")
    assert ends(judge, without)[0]["last"] == 25, "an image that nobody hands over takes no time"


def test_the_size_of_the_image_and_a_cache_change_the_result(judge: Judge) -> None:
    assert ends(judge, WORKFLOW, image=200)[0]["last"] == 71 + 10 + 10 + 5
    cached = run_model.Rates(RATES.values, RATES.environment, RATES.stages, cached=True)
    assert ends(judge, WORKFLOW, cached)[0]["last"] == pytest.approx(71 - (3 + 2) + (1 + 1.5) + (1 + 1))
