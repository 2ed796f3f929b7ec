"""The list of releases comes from ECR, page after page, and a manifest is believed for its bytes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from botocore.stub import Stubber

from goldenpath.delivery.evidence import registry_images
from goldenpath.shared import aws_sdk, oci, oidc
from goldenpath.shared.aws_sdk import Key
from goldenpath.shared.errors import AccessDenied, RepositoryMissing
from goldenpath.shared.names import AccountId, Digest, Region, RoleArn
from tests.unit.aws_client import client, no_login_of_this_machine
from tests.unit.delivery.evidence.evidence_records import COMMIT, DIGEST, MANIFEST, REPOSITORY, SOURCE, TAG

__all__ = ["no_login_of_this_machine"]
PUSHED = dt.datetime(2026, 10, 2, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
OTHER = Digest.of(b"other")
ACCOUNT = AccountId("123456789012")
pytestmark = pytest.mark.usefixtures("no_login_of_this_machine")


def detail(digest: Digest, *tags: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  fields of the SDK
    return {"imageDigest": digest, "imageTags": list(tags), "imagePushedAt": PUSHED, **more}


def test_images_with_a_tag_of_the_environment_are_listed_from_every_page() -> None:
    ecr = client()
    asked: dict[str, Any] = {
        "registryId": ACCOUNT, "repositoryName": REPOSITORY, "filter": {"imageStatus": "ANY"}, "maxResults": 1000,
    }  # fmt: skip
    with Stubber(ecr) as stub:
        pages = [detail(OTHER, "dev-1234567", "prod"), detail(Digest.of(b"untagged"))]
        stub.add_response("describe_images", {"imageDetails": pages, "nextToken": "2"}, asked)
        last = {"imageDetails": [detail(DIGEST, TAG, "1.4.2", imageStatus="ARCHIVED")]}
        stub.add_response("describe_images", last, {**asked, "nextToken": "2"})
        (image,) = registry_images.released(ecr, REPOSITORY, "prod", ACCOUNT)
    assert (image.digest, image.tags, image.status) == (DIGEST, ("1.4.2", TAG), "ARCHIVED")
    assert image.pushed_at.isoformat() == "2026-10-02T10:00:00+00:00"


@pytest.mark.parametrize(
    ("code", "kind"),
    [("RepositoryNotFoundException", RepositoryMissing), ("AccessDeniedException", AccessDenied)],
)
def test_a_repository_that_cannot_be_listed_ends_in_an_error(code: str, kind: type[Exception]) -> None:
    ecr = client()
    with Stubber(ecr) as stub:
        stub.add_client_error("describe_images", code)
        with pytest.raises(kind, match="my-app"):
            registry_images.released(ecr, REPOSITORY, "prod")


def test_a_manifest_that_is_not_its_digest_counts_as_missing() -> None:
    ecr = client()
    with Stubber(ecr) as stub:
        images = [{"imageManifest": MANIFEST.decode()}, {"imageManifest": "{}"}, {}]
        stub.add_response("batch_get_image", {"images": images, "failures": []}, {
            "repositoryName": REPOSITORY, "imageIds": [{"imageDigest": DIGEST}, {"imageDigest": OTHER}],
            "acceptedMediaTypes": [*oci.INDEXES, *oci.MANIFESTS],
        })  # fmt: skip
        assert registry_images.manifests(ecr, REPOSITORY, [DIGEST, OTHER]) == {DIGEST: MANIFEST}


def test_a_manifest_states_its_commit_and_an_index_lists_its_platforms() -> None:
    assert registry_images.stated(MANIFEST) == {oci.REVISION: COMMIT, oci.SOURCE: SOURCE}
    assert registry_images.listed(b'{"manifests": [{"digest": "x"}]}') == {"x"}
    assert (registry_images.stated(b'{"annotations": 1}'), registry_images.listed(b"[")) == ({}, frozenset())


def test_a_role_may_only_read_the_one_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[aws_sdk.RoleSession] = []

    def exchanged(_: object, session: aws_sdk.RoleSession, identity: str) -> Key:
        assert identity == "token"
        wanted.append(session)
        return Key("ASIA", "secret", "session")

    monkeypatch.setattr(aws_sdk, "exchanged", exchanged)
    monkeypatch.setattr(oidc, "token", lambda *_: "token")
    region = Region("eu-west-2")
    registry_images.connect(region, REPOSITORY)
    assert wanted == []
    registry_images.connect(region, REPOSITORY, role=RoleArn(f"arn:aws:iam::{ACCOUNT}:role/audit"))
    (session,) = wanted
    text = str(session.policy)
    assert f"repository/{REPOSITORY}" in text
    assert not any(action in text for action in ("PutImage", "BatchDeleteImage", "UploadLayerPart"))
