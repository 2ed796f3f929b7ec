"""The message that a webhook is sent about a delivery."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from goldenpath.delivery.model.delivery_outputs import DeliveryVerdict, JobResult
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.notifications.notification import (
    DeliverySubject,
    ReportedEnd,
    RunPages,
    end_of,
    notification,
)
from goldenpath.shared import codec
from tests.unit.builders import COMMIT, DIGEST
from tests.unit.delivery.report.test_job_summary import CASES

if TYPE_CHECKING:
    from goldenpath.delivery.report.job_summary import Facts

SCHEMA = json.loads((Path(__file__).parents[4] / "docs" / "schemas" / "notification.json").read_bytes())
ABOUT = DeliverySubject("o/app", "my-app", "refs/heads/main")
PAGES = RunPages("https://github.com/o/app/actions/runs/1", "https://github.com/o/app/actions/runs/1/artifacts/2")


@pytest.mark.parametrize(
    ("result", "verdict", "released", "end"),
    [
        ("failure", "block", False, ReportedEnd.BLOCKED),
        ("failure", "error", False, ReportedEnd.FAILED),
        ("failure", "", False, ReportedEnd.FAILED),
        ("failure", "pass", True, ReportedEnd.FAILED),
        ("success", "pass", True, ReportedEnd.RELEASED),
        ("success", "advise", True, ReportedEnd.RELEASED),
        ("success", "pass", False, None),
        ("cancelled", "error", False, None),
        ("cancelled", "block", False, None),
        ("skipped", "", False, None),
    ],
)
def test_how_a_delivery_ended(result: str, verdict: str, released: bool, end: ReportedEnd | None) -> None:
    assert end_of(JobResult(result), DeliveryVerdict(verdict), released=released) is end


def message_of(end: ReportedEnd, facts: Facts) -> dict[str, object]:
    encoded = codec.encode(
        notification(end, DeliveryVerdict.BLOCK, ABOUT, facts, PAGES, "https://github.com/o/app/issues/3")
    )
    message: dict[str, object] = json.loads(encoded)
    jsonschema.Draft202012Validator(SCHEMA).validate(message)
    return message


@pytest.mark.parametrize("name", CASES)
def test_every_message_is_what_its_schema_says(name: str) -> None:
    for end in ReportedEnd:
        assert message_of(end, CASES[name])["commit"] == COMMIT


def test_a_block_is_told_with_its_counts_and_the_change_that_fixes_most() -> None:
    message = message_of(ReportedEnd.BLOCKED, CASES["vulnerabilities"])
    assert (message["end"], message["to_fix"], message["image"], message["tags"]) == ("blocked", 1, "", [])
    assert str(message["top_change"]).startswith("Most of it in one change: build from a newer ")
    assert message["counts"] == {"CRITICAL": 1, "HIGH": 0, "MEDIUM": 0, "LOW": 0, "UNKNOWN": 0}
    single = message_of(ReportedEnd.BLOCKED, CASES["blocked"])
    assert single["top_change"] == CASES["blocked"].deciding[Gate.GITLEAKS][0].remedy
    assert single["contact"] == {
        "name": "Platform team", "url": "https://wiki.example.com/platform", "chat": "#ask-platform",
    }  # fmt: skip


def test_a_release_is_told_with_its_image() -> None:
    message = message_of(ReportedEnd.RELEASED, CASES["released"])
    assert (message["digest"], message["tags"]) == (DIGEST, [COMMIT[:7], f"prod-{COMMIT[:7]}"])
    assert str(message["image"]).endswith(f"/my-app@{DIGEST}")
    # A receipt of a release that was undone names an image that nobody can pull.
    assert message_of(ReportedEnd.FAILED, CASES["released"])["image"] == ""
