"""Whether a repository's policy permits what Terraform describes, and nothing else."""

from __future__ import annotations

import pytest

from goldenpath.registries.compliance import UNREADABLE_POLICY, policy_deviations

ACTIONS = '["ecr:PutImage", "ecr:UploadLayerPart"]'
OURS = f'{{"Statement": [{{"Sid": "A", "Effect": "Deny", "Principal": "*", "Action": {ACTIONS}}}]}}'
STRANGE = "its repository policy has a statement that is not described: "


@pytest.mark.parametrize(
    "same",
    [
        OURS,
        OURS.replace('"A"', '"B"'),
        OURS.replace(ACTIONS, '["ecr:UploadLayerPart", "ecr:PutImage"]'),
        OURS.replace('"*"', '{"AWS": "*"}'),
        OURS.replace('"*"', '{"AWS": ["*"]}'),
        OURS.replace("[{", "{").replace("}]}", "}}"),
    ],
)
def test_one_policy_is_the_same_however_it_is_written(same: str) -> None:
    assert policy_deviations(same, OURS) == ()


@pytest.mark.parametrize(
    "other",
    [
        OURS.replace('"Deny"', '"Allow"'),
        OURS.replace('"*"', '{"AWS": "999999999999"}'),
        OURS.replace('"Action"', '"NotAction"'),
        OURS.replace("ecr:PutImage", "ecr:*"),
        OURS.replace('"Sid"', '"Condition": {"Bool": {"aws:SecureTransport": "false"}}, "Sid"'),
    ],
)
def test_a_statement_that_permits_anything_else_is_told(other: str) -> None:
    strange, missing = policy_deviations(other, OURS)
    assert strange.startswith(STRANGE)
    assert missing.startswith("its repository policy lacks a statement: A Deny ecr:PutImage, ecr:UploadLayerPart")


def test_a_policy_where_none_is_described_is_told() -> None:
    assert policy_deviations(OURS, "") == (f'{STRANGE}A Deny ecr:PutImage, ecr:UploadLayerPart to "*"',)
    assert policy_deviations("", "") == policy_deviations("{}", "") == ()


@pytest.mark.parametrize("broken", ["x", "[]", '{"Statement": "x"}', '{"Statement": [1]}', "[" * 100_000])
def test_a_policy_that_is_none_is_told_too(broken: str) -> None:
    assert policy_deviations(broken, "") == (UNREADABLE_POLICY,)
