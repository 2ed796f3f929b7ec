"""What this platform asks of a repository, and how its policy is compared."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.registries import compliance
from goldenpath.registries.aws.ecr import EcrDescription
from goldenpath.registries.compliance import (
    UNREADABLE_POLICY,
    policy_deviations,
)
from goldenpath.registries.config.ecr_tf import RegistryEntry, RiskControls
from goldenpath.registries.request import Risk

if TYPE_CHECKING:
    from goldenpath.registries.config.hcl import Literal

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
        (
            'its repository policy has a statement that is not described: Allow ecr:* to "*" '
            "(dangerous: it is open to everybody)"
        ),
    )


def test_a_statement_that_a_field_describes_is_named_with_the_field() -> None:
    by_lambda = '{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "ecr:BatchGetImage"}'
    added = EcrDescription(**{**GOOD, "uri": "123456789012.dkr.ecr"}, policy=f'{{"Statement": [{by_lambda}]}}')
    (deviation,) = compliance.deviations(REGISTRY, LOW, added)
    assert deviation.endswith('(to describe it, add `pull_lambda_accounts = ["123456789012"]` to its entry)')


def rules(*listed: dict[str, Any]) -> str:
    return json.dumps({"rules": list(listed)})


def rule(priority: int, status: str, count: int, *patterns: str, kind: str = "imageCountMoreThan") -> dict[str, Any]:
    selection: dict[str, Any] = {"tagStatus": status, "countType": kind, "countNumber": count}
    if patterns:
        selection["tagPatternList"] = list(patterns)
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


UNTAGGED, NEWEST = rule(1, "untagged", 7, kind="sinceImagePushed"), rule(10, "tagged", 20, "prod-*")


def test_a_lifecycle_policy_is_the_same_in_any_order_and_with_other_descriptions() -> None:
    written = rules({**NEWEST, "description": "Ours"}, UNTAGGED)
    assert compliance.lifecycle_deviations(written, rules(UNTAGGED, NEWEST)) == ()
    good = EcrDescription(**{**GOOD, "lifecycle": written})
    assert compliance.deviations(REGISTRY, LOW, good, "", rules(UNTAGGED, NEWEST)) == ()


def test_the_storage_class_that_ecr_uses_by_itself_is_no_deviation() -> None:
    named = {**UNTAGGED, "selection": {**UNTAGGED["selection"], "storageClass": "standard"}}
    assert compliance.lifecycle_deviations(rules(named), rules(UNTAGGED)) == ()
    archived = {**UNTAGGED, "selection": {**UNTAGGED["selection"], "storageClass": "archive"}}
    assert len(compliance.lifecycle_deviations(rules(archived), rules(UNTAGGED))) == 2


def test_a_condition_is_part_of_the_policy_in_words() -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
    only = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    words = compliance.policy_in_words(json.dumps({"Statement": [{**statement, "Condition": only}, statement]}))
    assert words == (
        'Allow ecr:BatchGetImage to * if {"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}. '
        "Allow ecr:BatchGetImage to *"
    )


def test_a_lifecycle_policy_with_other_rules_deviates() -> None:
    other = rules(UNTAGGED, rule(10, "tagged", 1, "prod-*"))
    extra, missing = compliance.lifecycle_deviations(other, rules(UNTAGGED, NEWEST))
    assert extra == (
        "its lifecycle policy has a rule that is not described: 10 (tagStatus tagged, countType imageCountMoreThan, "
        "countNumber 1, tagPatternList prod-*)"
    )
    assert missing.startswith("its lifecycle policy lacks a rule: 10 (tagStatus tagged, ")
    assert "countNumber 20, " in missing


@pytest.mark.parametrize("broken", ["x", "[]", '{"rules": 1}', '{"rules": [1]}', "[" * 100_000])
def test_a_lifecycle_policy_that_cannot_be_read_deviates(broken: str) -> None:
    assert compliance.lifecycle_deviations(broken, rules(UNTAGGED)) == ("its lifecycle policy cannot be read",)


KEY = "arn:aws:kms:eu-west-2:123456789012:key/1"
HIGH = RiskControls("IMMUTABLE", "KMS", 50)


def test_another_key_and_other_tags_that_may_move_deviate() -> None:
    more: dict[str, Literal] = {"kms_key": KEY, "immutability_exclusions": ["latest"]}
    strict = RegistryEntry("dev", "my-app", "REGISTRY_MY_APP", "team-web", Risk.HIGH, more=more)
    tags = {**TAGS, "goldenpath.idp/risk": "high"}
    at_ecr = {**GOOD, "tags": tags, "encryption": "KMS", "mutability": "IMMUTABLE_WITH_EXCLUSION"}
    assert compliance.deviations(
        strict, HIGH, EcrDescription(**at_ecr, kms_key=f"{KEY}0", exclusions=("latest", "cache-*"))
    ) == (
        "the list of tags that may move is cache-*, latest, not latest",
        f"KMS key is {KEY}0, not {KEY}",
    )
    assert compliance.deviations(strict, HIGH, EcrDescription(**at_ecr, kms_key=KEY, exclusions=("latest",))) == ()
