from __future__ import annotations

from typing import Any

import pytest

from goldenpath.delivery.model.finding import Gate, Scanner, Severity
from goldenpath.delivery.model.verdict import Mode, Result, Verdict

TWO = {Severity.CRITICAL: 1, Severity.HIGH: 1, Severity.LOW: 0}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"result": Result.BLOCK, "mode": Mode.BLOCKING, "counts": TWO, "would_block_in": ("prod",)},
            "trivy: BLOCK in dev (blocking); 1 critical, 1 high found",
        ),
        (
            {"result": Result.ADVISE, "counts": TWO, "would_block_in": ("staging", "prod")},
            "trivy: ADVISE in dev (advisory); 1 critical, 1 high found; would block in staging, prod",
        ),
        (
            {"accepted": 2, "unfixed": ("a", "b", "c")},
            "trivy: PASS in dev (advisory); nothing found, 2 accepted by exception, 3 without a fix reported only",
        ),
        ({}, "trivy: PASS in dev (advisory); nothing found"),
    ],
)
def test_a_verdict_in_one_line(changed: dict[str, Any], sentence: str) -> None:
    fields: dict[str, Any] = {
        "gate": Gate.TRIVY, "environment": "dev", "mode": Mode.ADVISORY, "result": Result.PASS, "subject": "sha256:5",
        "scanner": Scanner("trivy", "0.1"), "seen": {}, "counts": {}, "deciding": 0, "would_block_in": (),
    }  # fmt: skip
    assert Verdict(**fields | changed).sentence == sentence
