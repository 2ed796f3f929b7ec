"""How an apply knows what an earlier one left behind."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from goldenpath.registries.aws.ecr import EcrDescription
from goldenpath.registries.recovery import ApplyClaim, foreign_signs
from goldenpath.registries.terraform.locks import StateLock

SINCE = dt.datetime(2026, 11, 21, 6, 50, tzinfo=dt.UTC)
CLAIM = ApplyClaim(7, "https://github.com/o/p/actions/runs/1", "vm-7", SINCE, SINCE)
LOCK = StateLock("a0e2b948", "runner@vm-7", SINCE + dt.timedelta(seconds=2), "OperationTypeApply")


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


POLICY = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]}'
TAGS = {"goldenpath.idp/id": "REGISTRY_MY_APP"}
MADE = EcrDescription("uri", "MUTABLE", "AES256", scan_on_push=True, tags={**TAGS, "more": "x"}, created=SINCE)


def test_a_repository_that_an_earlier_apply_of_the_pull_request_made_is_known() -> None:
    assert foreign_signs(TAGS, "", MADE, 0, CLAIM) == ()
    later = SINCE + dt.timedelta(milliseconds=600)
    assert foreign_signs(TAGS, "", MADE, 0, ApplyClaim(7, "", "vm-7", later, later)) == ()


def test_every_sign_of_a_strangers_repository_is_told() -> None:
    strange = dataclasses.replace(MADE, tags={}, created=SINCE - dt.timedelta(days=1), policy=POLICY)
    assert foreign_signs(TAGS, "", strange, 3, CLAIM) == (
        "it was made before the apply of this pull request began",
        "it does not carry the tags of the plan",
        "it holds images (3)",
        "it has a repository policy that is not the planned one",
    )
    assert foreign_signs(TAGS, "", MADE, 0, None) == ("no apply of this pull request had begun",)
    assert foreign_signs(TAGS, POLICY, dataclasses.replace(MADE, policy=POLICY.replace(" ", "")), 0, CLAIM) == ()
    assert foreign_signs({}, "", MADE, 0, CLAIM) == ("it does not carry the tags of the plan",)
