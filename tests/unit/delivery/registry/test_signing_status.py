"""The calls about managed signing, exactly as ECR's model describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.model.receipt import SigningState
from goldenpath.delivery.registry.ecr_client import Ecr
from goldenpath.delivery.registry.signing_status import SIGNATURE, SigningStatus
from goldenpath.shared.names import AccountId, Digest, EcrRepository, SigningProfile
from tests.unit.aws_client import client
from tests.unit.builders import DIGEST

if TYPE_CHECKING:
    from botocore.stub import Stubber

NAME = EcrRepository("team/my-app")
RELEASE = SigningProfile("arn:aws:signer:eu-west-2:123456789012:/signing-profiles/release")
SIGNED = "sha256:" + "5" * 64


def rule(*filters: str) -> dict[str, Any]:
    chosen = [{"filter": name, "filterType": "WILDCARD_MATCH"} for name in filters]
    return {"signingProfileArn": RELEASE, **({"repositoryFilters": chosen} if chosen else {})}


@pytest.mark.parametrize(
    ("rules", "profiles"),
    [
        ([rule()], (RELEASE,)),
        ([rule("team/*"), rule()], (RELEASE,)),
        ([rule("other", "*app")], (RELEASE,)),
        ([rule("team")], ()),
        ([], ()),
    ],
)
def test_the_rules_that_match_a_repository_name_its_profiles(
    ecr: Ecr, stub: Stubber, rules: list[dict[str, Any]], profiles: tuple[SigningProfile, ...]
) -> None:
    stub.add_response("get_signing_configuration", {"signingConfiguration": {"rules": rules}}, {})
    assert ecr.signing_profiles(NAME) == profiles


def test_a_registry_without_signing_is_told_from_one_that_may_not_be_read(ecr: Ecr, stub: Stubber) -> None:
    stub.add_client_error("get_signing_configuration", "SigningConfigurationNotFoundException", "there is none")
    assert ecr.signing_profiles(NAME) == ()
    stub.add_client_error("get_signing_configuration", "AccessDeniedException", "no")
    assert ecr.signing_profiles(NAME) is None
    stub.add_client_error("describe_registry", "AccessDeniedException", "no")
    assert ecr.replicas(NAME) == ()


def test_the_settings_of_another_accounts_registry_are_not_those_of_ours() -> None:
    there = Ecr(client, AccountId("999999999999"))
    assert (there.signing_profiles(NAME), there.replicas(NAME)) == (None, ())


def test_the_status_of_an_image_names_each_profile_and_the_reason_of_a_failure(ecr: Ecr, stub: Stubber) -> None:
    named = {"repositoryName": NAME, "imageId": {"imageDigest": DIGEST}}
    failed = {"signingProfileArn": RELEASE, "status": "FAILED", "failureCode": "C", "failureReason": "not allowed"}
    stub.add_response("describe_image_signing_status", {"signingStatuses": [failed]}, named)
    assert ecr.signing_statuses(NAME, Digest(DIGEST)) == (
        SigningStatus(RELEASE, SigningState.FAILED, "C: not allowed"),
    )
    stub.add_response("describe_image_signing_status", {"signingStatuses": []}, named)
    assert ecr.signing_statuses(NAME, Digest(DIGEST)) == ()


def test_the_signatures_of_an_image_are_its_referrers_of_that_type(ecr: Ecr, stub: Stubber) -> None:
    named = {
        "repositoryName": NAME,
        "subjectId": {"imageDigest": DIGEST},
        "filter": {"artifactTypes": [SIGNATURE], "artifactStatus": "ANY"},
    }
    referrer = {"digest": SIGNED, "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 700}
    stub.add_response("list_image_referrers", {"referrers": [referrer]}, named)
    assert ecr.signatures(NAME, Digest(DIGEST)) == (Digest(SIGNED),)
