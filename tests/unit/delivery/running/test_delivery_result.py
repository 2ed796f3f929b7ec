from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from goldenpath.delivery.running import delivery_result
from goldenpath.delivery.running.delivery_end import DeliveryEnd
from goldenpath.shared import codec
from goldenpath.shared.command_result import CommandResult
from tests.unit.builders import DIGEST
from tests.unit.delivery.report.test_job_summary import CASES
from tests.unit.delivery.running.terminal_cases import ENDS, FOLDER

if TYPE_CHECKING:
    from goldenpath.delivery.running.delivery_result import DeliveryResult

DOCS = Path(__file__).parents[4] / "docs"


def result(name: str, **outputs: str) -> DeliveryResult:
    return delivery_result.of(DeliveryEnd(CASES[name], FOLDER), outputs)


def test_a_released_image_is_named_by_digest_with_its_tags() -> None:
    made = result("released", image="x")
    assert (made.ending, made.digest, made.tags) == ("released", DIGEST, ("a1b2c3d", "prod-a1b2c3d"))
    assert made.image.endswith(f"/my-app@{DIGEST}")
    assert made.outputs == {"image": "x"}
    assert [stage.end for stage in made.stages] == ["done"] * 5


def test_an_image_that_was_not_released_has_no_address() -> None:
    blocked = replace(CASES["blocked"], receipt=CASES["released"].receipt)
    made = delivery_result.of(DeliveryEnd(blocked, FOLDER), {})
    assert (made.ending, made.image, made.tags) == ("blocked", "", ())


@pytest.mark.parametrize(("name", "code"), [("blocked", "gate-blocked"), ("failed", "bad-input")])
def test_the_stage_that_ended_the_run_has_the_code_of_its_error(name: str, code: str) -> None:
    assert result(name).stages[-1].code == code


def test_a_gate_has_its_decision_and_every_count() -> None:
    (gate, *_) = result("advised").gates
    assert (gate.gate, gate.result, gate.mode, gate.findings, gate.deciding) == ("gitleaks", "advise", "advisory", 1, 1)
    assert gate.counts == {"critical": 1, "high": 0, "medium": 0, "low": 0, "unknown": 0}
    assert gate.would_block_in == ("test", "staging", "prod")


@pytest.mark.parametrize("name", ENDS)
def test_a_result_is_what_its_published_schema_says_and_each_field_is_documented(name: str) -> None:
    made = delivery_result.of(DeliveryEnd(ENDS[name], FOLDER), {"digest": "d"})
    document = json.loads(codec.encode(CommandResult("deliver", 0, result=made)))
    jsonschema.validate(document, json.loads((DOCS / "schemas" / "command.json").read_bytes()))
    jsonschema.validate(document["result"], json.loads((DOCS / "schemas" / "delivery.json").read_bytes()))
    page = (DOCS / "json.md").read_text()
    assert [field for field in (*document, *document["result"]) if f"`{field}`" not in page] == []


def test_the_change_that_fixes_most_comes_with_it() -> None:
    assert result("vulnerabilities").first_change.startswith("Most of it in one change: build from a newer ")


def test_a_comparison_with_the_last_release_is_counted() -> None:
    compared = result("compared").comparison
    assert compared
    assert (compared.known, compared.new, compared.gone) == (6, 3, 3)
    assert compared.sentence == "6 known, 3 new, 3 gone since prod's last release (1.4.2, 3 days ago)"
    assert result("vulnerabilities").comparison is None
