"""How an apply knows what an earlier one left behind."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from goldenpath.registries.claims import Claim
from goldenpath.tools.terraform_lock import Lock

SINCE = dt.datetime(2026, 11, 21, 6, 50, tzinfo=dt.UTC)
CLAIM = Claim(7, "https://github.com/o/p/actions/runs/1", "vm-7", SINCE, SINCE)
LOCK = Lock("a0e2b948", "runner@vm-7", SINCE + dt.timedelta(seconds=2), "OperationTypeApply")


def test_the_lock_that_the_apply_of_a_claim_took_is_left_behind() -> None:
    assert CLAIM.left(LOCK)


@pytest.mark.parametrize(
    "change",
    [
        {"who": "runner@vm-8"},
        {"who": "vm-7@elsewhere"},
        {"created": SINCE - dt.timedelta(seconds=1)},
        {"operation": "OperationTypePlan"},
    ],
)
def test_a_lock_of_anybody_else_is_never_taken_for_ours(change: dict[str, object]) -> None:
    assert not CLAIM.left(dataclasses.replace(LOCK, **change))  # type: ignore[arg-type]
