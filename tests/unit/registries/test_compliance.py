"""What this platform asks of a repository, and how its policy is compared."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from goldenpath.registries import compliance
from goldenpath.registries.aws.ecr import EcrDescription
from goldenpath.registries.compliance import (
    UNREADABLE_POLICY,
    policy_deviations,
)
from goldenpath.registries.config.ecr_tf import RegistryEntry, RiskControls
from goldenpath.registries.request import Risk

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


REGISTRY = RegistryEntry("dev", "my-app", "REGISTRY_MY_APP", "team-web", Risk.LOW)
LOW = RiskControls("MUTABLE", "AES256", 20)
TAGS = {"goldenpath.idp/id": "REGISTRY_MY_APP", "goldenpath.idp/owner": "team-web", "goldenpath.idp/risk": "low",
        "goldenpath.idp/environment": "dev"}  # fmt: skip
GOOD: dict[str, Any] = {"uri": "uri", "mutability": "MUTABLE", "encryption": "AES256",
                        "scan_on_push": True, "tags": TAGS, "lifecycle": "{}",
                        "created": dt.datetime(2026, 11, 21, tzinfo=dt.UTC)}  # fmt: skip
REFUSES_PUSH = '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage"}]}'


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ()),
        ({"mutability": "IMMUTABLE"}, ("tag mutability is IMMUTABLE, not MUTABLE",)),
        ({"encryption": "KMS"}, ("encryption is KMS, not AES256",)),
        ({"scan_on_push": False}, ("images are not scanned on push",)),
        ({"lifecycle": ""}, ("there is no lifecycle policy",)),
        ({"tags": {**TAGS, "goldenpath.idp/owner": ""}}, ("tag goldenpath.idp/owner is missing, not team-web",)),
    ],
)
def test_every_deviation_from_the_entry_is_told(change: dict[str, Any], told: tuple[str, ...]) -> None:
    assert compliance.deviations(REGISTRY, LOW, EcrDescription(**{**GOOD, **change})) == told


def test_a_deprecated_registry_that_takes_pushes_deviates() -> None:
    leaving = RegistryEntry("dev", "my-app", "REGISTRY_MY_APP", "team-web", Risk.LOW, deprecated_since="2026-01-01")
    assert compliance.deviations(leaving, LOW, EcrDescription(**GOOD)) == (
        "pushes are not refused, though it is deprecated",
    )
    assert compliance.deviations(leaving, LOW, EcrDescription(**GOOD, policy=REFUSES_PUSH), REFUSES_PUSH) == ()
    assert compliance.deviations(leaving, LOW, None) == ("the repository does not exist",)


def test_a_policy_that_nobody_described_deviates() -> None:
    opened = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]}'
    assert compliance.deviations(REGISTRY, LOW, EcrDescription(**GOOD, policy=opened)) == (
        'its repository policy has a statement that is not described: Allow ecr:* to "*"',
    )
