"""The double of the settings of a registry, and which repositories and principals they are about."""

from __future__ import annotations

from typing import Any

import pytest
from tests.doubles.aws.emulated_settings import RegistrySettings

from goldenpath.local.aws import shapes
from goldenpath.local.responses import AwsError

ACCOUNT = "123456789012"
PROFILE = f"arn:aws:signer:eu-west-2:{ACCOUNT}:/signing-profiles/release"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/platform"


def call(settings: RegistrySettings, operation: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401
    response = settings.operations[operation](body)
    assert shapes.mismatches(operation, response) == ""
    return response


def signing(*filters: str) -> dict[str, Any]:
    chosen = [{"filter": name, "filterType": "WILDCARD_MATCH"} for name in filters]
    return {"signingProfileArn": PROFILE, **({"repositoryFilters": chosen} if chosen else {})}


@pytest.mark.parametrize(
    ("rules", "signs"),
    [
        ([signing()], True),
        ([signing("team/*")], True),
        ([signing("other", "*/app")], True),
        ([signing("team")], False),
        ([signing("team?app")], False),
        ([], False),
    ],
)
def test_a_rule_signs_the_repositories_that_its_filters_match(rules: list[dict[str, Any]], signs: bool) -> None:
    settings = RegistrySettings(ACCOUNT)
    call(settings, "PutSigningConfiguration", signingConfiguration={"rules": rules})
    assert settings.signing_profiles("team/app") == ((PROFILE,) if signs else ())


@pytest.mark.parametrize(
    ("operation", "body", "refused"),
    [
        ("GetSigningConfiguration", {}, "SigningConfigurationNotFoundException"),
        ("PutSigningConfiguration", {"signingConfiguration": {"rules": [signing()] * 11}}, "ValidationException"),
        ("PutSigningConfiguration", {"signingConfiguration": {"rules": [{"signingProfileArn": "x"}]}}, "ValidationE"),
        ("PutReplicationConfiguration", {"replicationConfiguration": {"rules": [{}] * 11}}, "ValidationException"),
        ("RegisterPullTimeUpdateExclusion", {"principalArn": "platform"}, "ValidationException"),
        ("DeregisterPullTimeUpdateExclusion", {"principalArn": ROLE}, "ExclusionNotFoundException"),
    ],
)
def test_what_ecr_refuses_is_refused(operation: str, body: dict[str, Any], refused: str) -> None:
    with pytest.raises(AwsError) as error:
        RegistrySettings(ACCOUNT).operations[operation](body)
    assert error.value.code.startswith(refused)


def test_replication_is_described_with_and_without_deletions() -> None:
    settings = RegistrySettings(ACCOUNT)
    rule = {"destinations": [{"region": "eu-west-1", "registryId": ACCOUNT}]}
    rules = [rule, {**rule, "deleteReplication": {"enabled": True}}]
    call(settings, "PutReplicationConfiguration", replicationConfiguration={"rules": rules})
    assert call(settings, "DescribeRegistry")["replicationConfiguration"] == {"rules": rules}


def test_an_exclusion_of_a_role_is_for_each_of_its_sessions() -> None:
    settings = RegistrySettings(ACCOUNT)
    call(settings, "RegisterPullTimeUpdateExclusion", principalArn=ROLE)
    assert settings.is_excluded(f"arn:aws:sts::{ACCOUNT}:assumed-role/platform/run-1")
    assert not settings.is_excluded(f"arn:aws:sts::{ACCOUNT}:assumed-role/app/run-1")


def test_blobs_are_mounted_when_the_account_setting_says_so() -> None:
    settings = RegistrySettings(ACCOUNT)
    assert not settings.mounts_blobs
    call(settings, "PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
    assert call(settings, "GetAccountSetting", name="BLOB_MOUNTING")["value"] == "ENABLED"
    assert settings.mounts_blobs
