"""A release and the settings of its registry: signed, archived and copied images, on a real registry."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from tests.tools.delivery.release.test_commands import words

from goldenpath.delivery.release import managed_signing
from goldenpath.delivery.rules import matrix
from goldenpath.shared.names import SigningProfile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_ecr import ECRClient
    from tests.tools.apps import App
    from tests.tools.conftest import Inside

    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.local.server import Local

pytestmark = pytest.mark.tools

PROFILE = "arn:aws:signer:eu-west-2:123456789012:/signing-profiles/release"


@pytest.fixture
def ecr(emulator: Local) -> ECRClient:
    session = boto3.Session(emulator.admin.id, emulator.admin.secret, region_name=emulator.region)
    return session.client("ecr", endpoint_url=emulator.environment()["AWS_ENDPOINT_URL"])


@contextmanager
def signing(ecr: ECRClient, repository: str) -> Iterator[None]:
    chosen: Any = [{"filter": repository, "filterType": "WILDCARD_MATCH"}]
    rule: Any = {"signingProfileArn": PROFILE, "repositoryFilters": chosen}
    ecr.put_signing_configuration(signingConfiguration={"rules": [rule]})
    yield
    ecr.delete_signing_configuration()


def named(monkeypatch: pytest.MonkeyPatch, *, required: bool) -> None:
    """Let dev's rules name the profile."""
    policy = matrix.load()
    environments = (
        replace(each, signing_profiles=(SigningProfile(PROFILE),), signature_required=required)
        for each in policy.environments
    )
    changed = replace(policy, environments=tuple(environments))
    monkeypatch.setattr(matrix, "load", lambda: changed)
    monkeypatch.setattr(managed_signing, "PAUSE", 0)


def test_a_release_is_signed_with_the_profile_that_the_platform_names(
    inside: Inside, ready: App, work: WorkFolder, repository: str, ecr: ECRClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(monkeypatch, required=True)
    with signing(ecr, repository):
        inside(*words("preflight", ready, work, repository)).ok()
        done = inside(*words("ecr-push", ready, work, repository)).ok()
    assert f"; signed by ECR with {PROFILE}" in done.text
    receipt = work.read_receipt()
    assert [(one.profile, one.state) for one in receipt.signatures] == [(PROFILE, "COMPLETE")]
    subject: Any = {"imageDigest": receipt.digest}
    assert len(ecr.list_image_referrers(repositoryName=repository, subjectId=subject)["referrers"]) == 1


def test_a_signature_that_the_platform_does_not_name_is_reported_before_the_build(
    inside: Inside, ready: App, work: WorkFolder, repository: str, ecr: ECRClient
) -> None:
    with signing(ecr, repository):
        done = inside(*words("preflight", ready, work, repository)).ok()
    assert f"ECR signs images of {repository} with {PROFILE} and the rights of the release" in done.text


def test_a_required_signature_that_fails_undoes_the_release(
    inside: Inside, ready: App, work: WorkFolder, repository: str, emulator: Local, ecr: ECRClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    named(monkeypatch, required=True)
    refused = inside(*words("preflight", ready, work, repository))
    assert (refused.code, refused.error["code"]) == (55, "image-unsigned")
    monkeypatch.setattr("goldenpath.delivery.registry.iam.SIGN_ACTIONS", ("signer:GetSigningProfile",))
    with signing(ecr, repository):
        done = inside(*words("ecr-push", ready, work, repository))
    assert (done.code, done.error["code"]) == (55, "image-unsigned")
    assert "no session policy allows the signer:SignPayload action" in done.text
    assert (emulator.tags(repository), emulator.manifests(repository)) == ({}, set())


def test_a_release_meets_its_own_image_in_the_archive(
    inside: Inside, ready: App, work: WorkFolder, repository: str, emulator: Local, ecr: ECRClient
) -> None:
    inside(*words("ecr-push", ready, work, repository)).ok()
    emulator.store.restore_seconds = 0
    digest: Any = {"imageDigest": work.read_receipt().digest}
    ecr.update_image_storage_class(repositoryName=repository, imageId=digest, targetStorageClass="ARCHIVE")
    verified = inside("release", "verify", work.receipt)
    assert (verified.code, verified.error["code"]) == (54, "image-archived")
    rescan = ("rescan", "--environment=dev", f"--ecr-repository={repository}", f"--work-dir={work.path}-rescan")
    for command in (words("preflight", ready, work, repository), words("ecr-push", ready, work, repository), rescan):
        done = inside(*command)
        assert (done.code, done.error["code"]) == (54, "image-archived")
    ecr.update_image_storage_class(repositoryName=repository, imageId=digest, targetStorageClass="STANDARD")
    assert "was released already" in inside(*words("ecr-push", ready, work, repository)).ok().text


def test_copies_in_other_regions_and_deletions_there_are_reported_before_a_release(
    inside: Inside, ready: App, work: WorkFolder, repository: str, ecr: ECRClient
) -> None:
    rule: Any = {"destinations": [{"region": "eu-west-1", "registryId": "123456789012"}]}
    rule["deleteReplication"] = {"enabled": True}
    ecr.put_replication_configuration(replicationConfiguration={"rules": [rule]})
    done = inside(*words("preflight", ready, work, repository)).ok()
    ecr.put_replication_configuration(replicationConfiguration={"rules": []})
    assert f"ECR copies the images of {repository} to eu-west-1 of the account 123456789012" in done.text
    assert "Deletions are copied too, to eu-west-1 of the account 123456789012" in done.text
    assert "copies" not in inside(*words("preflight", ready, work, repository)).ok().text
