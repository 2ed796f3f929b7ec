"""The double of ECR's images: its calls and responses exist in botocore's description, and behave as documented."""

from __future__ import annotations

import gc
import json
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.ecr.models import ecr_backends
from moto.ecr.responses import ECRResponse
from tests.doubles.aws import images as double
from tests.doubles.aws import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_ecr import ECRClient

MANIFEST, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
NAME = "my-app"


@pytest.fixture(scope="module")
def client() -> Iterator[ECRClient]:
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    with mock.patch.dict("os.environ", keys), mock_aws(), double.installed():
        yield boto3.client("ecr", region_name="eu-west-2")


@pytest.fixture
def ecr(client: ECRClient) -> Iterator[ECRClient]:
    client.create_repository(repositoryName=NAME)
    yield client
    client.delete_repository(repositoryName=NAME, force=True)


def stored(ecr: ECRClient, text: str, tag: str = "", **more: object) -> str:
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": text}, "layers": [], **more}
    named: Any = {"imageTag": tag} if tag else {}
    put = ecr.put_image(repositoryName=NAME, imageManifest=json.dumps(manifest), **named)
    return put["image"]["imageId"]["imageDigest"]


def listed(ecr: ECRClient, **asked: Any) -> list[str]:  # noqa: ANN401  filters and pages
    return [image["imageDigest"] for image in ecr.describe_images(repositoryName=NAME, **asked)["imageDetails"]]


def refused(code: str) -> pytest.RaisesExc[ClientError]:
    return pytest.raises(ClientError, match=code)


def test_every_operation_exists_in_the_service_description() -> None:
    names = ["".join(word.capitalize() for word in name.split("_")) for name in double._OPERATIONS]  # noqa: SLF001
    assert set(names) <= set(shapes.service("ecr").operation_names)


@pytest.mark.parametrize(
    ("response", "mistake"),
    [
        ({"imageDetails": [{"imageDigset": "sha256:1"}]}, 'Unknown parameter .*"imageDigset"'),
        ({"imageDetails": [{"imageStatus": "FROZEN"}]}, "is FROZEN, not one of ACTIVE, ARCHIVED, ACTIVATING"),
        ({"imageDetails": [{"imageSizeInBytes": "12"}]}, "Invalid type"),
    ],
)
def test_a_response_that_ecr_could_not_give_fails_the_test(response: dict[str, Any], mistake: str) -> None:
    with pytest.raises(shapes.ShapeMismatchError, match=mistake):
        shapes.checked("DescribeImages", response)


def test_an_archived_image_is_listed_only_where_the_filter_asks_for_it(ecr: ECRClient) -> None:
    old, new = stored(ecr, "old", "prod-1"), stored(ecr, "new", "prod-2")
    ecr.update_image_storage_class(repositoryName=NAME, imageId={"imageDigest": old}, targetStorageClass="ARCHIVE")
    assert listed(ecr) == [new]
    assert listed(ecr, filter={"imageStatus": "ANY"}) == [old, new]
    assert listed(ecr, filter={"imageStatus": "ARCHIVED"}) == [old]
    assert ecr.list_images(repositoryName=NAME)["imageIds"] == [{"imageDigest": new, "imageTag": "prod-2"}]
    with refused("InvalidParameterException"):
        listed(ecr, filter={"imageStatus": "FROZEN"})


def test_an_archived_image_is_not_pulled_and_is_deleted_or_restored_by_a_push(ecr: ECRClient) -> None:
    digest = stored(ecr, "old", "prod-1")
    ecr.update_image_storage_class(repositoryName=NAME, imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE")
    pulled = ecr.batch_get_image(repositoryName=NAME, imageIds=[{"imageDigest": digest}])
    assert [failure["failureCode"] for failure in pulled["failures"]] == ["ImageNotFound"]
    with refused("ImageStorageClassUpdateNotSupportedException"):
        ecr.update_image_storage_class(
            repositoryName=NAME, imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE"
        )
    assert stored(ecr, "old", "prod-1") == digest
    assert "lastActivatedAt" in ecr.describe_images(repositoryName=NAME)["imageDetails"][0]
    deleted = ecr.batch_delete_image(repositoryName=NAME, imageIds=[{"imageDigest": digest}])
    assert (deleted["imageIds"], deleted["failures"]) == ([{"imageDigest": digest, "imageTag": "prod-1"}], [])


def test_an_index_is_deleted_before_its_parts(ecr: ECRClient) -> None:
    part = stored(ecr, "part")
    index = stored(ecr, "index", "prod-1", mediaType=INDEX, manifests=[{"digest": part}])
    failure = ecr.batch_delete_image(repositoryName=NAME, imageIds=[{"imageDigest": part}])["failures"][0]
    assert failure["failureCode"] == "ImageReferencedByManifestList"
    both = ecr.batch_delete_image(repositoryName=NAME, imageIds=[{"imageDigest": index}, {"imageDigest": part}])
    assert both["failures"] == []
    with refused("ReferencedImagesNotFoundException"):
        stored(ecr, "index", mediaType=INDEX, manifests=[{"digest": part}])


def test_a_referrer_names_its_subject(ecr: ECRClient) -> None:
    image = stored(ecr, "image", "prod-1")
    signature = stored(ecr, "signature", artifactType="application/x.signature", subject={"digest": image})
    by_digest = {one["imageDigest"]: one for one in ecr.describe_images(repositoryName=NAME)["imageDetails"]}
    assert by_digest[signature]["subjectManifestDigest"] == image
    assert by_digest[signature]["artifactMediaType"] == "application/x.signature"
    asked: Any = {"repositoryName": NAME, "subjectId": {"imageDigest": image}}
    assert [one["digest"] for one in ecr.list_image_referrers(**asked)["referrers"]] == [signature]
    other = ecr.list_image_referrers(**asked, filter={"artifactTypes": ["application/x.sbom"]})
    assert other["referrers"] == []


def test_a_tag_that_moves_leaves_its_image_and_may_not_move_where_tags_are_immutable(ecr: ECRClient) -> None:
    first, second = stored(ecr, "first", "dev-1"), stored(ecr, "second", "dev-1")
    tags = {
        one["imageDigest"]: one.get("imageTags") for one in ecr.describe_images(repositoryName=NAME)["imageDetails"]
    }
    assert tags == {first: None, second: ["dev-1"]}
    ecr.put_image_tag_mutability(repositoryName=NAME, imageTagMutability="IMMUTABLE")
    with refused("ImageTagAlreadyExistsException"):
        stored(ecr, "first", "dev-1")
    assert stored(ecr, "first", "dev-2") == first


def test_pages_end(ecr: ECRClient) -> None:
    digests = [stored(ecr, f"image {number}") for number in range(5)]
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=NAME, PaginationConfig={"PageSize": 2})
    assert [image["imageDigest"] for page in pages for image in page["imageDetails"]] == digests
    with refused("InvalidParameterException"):
        listed(ecr, imageIds=[{"imageDigest": digests[0]}], maxResults=1)


@pytest.mark.parametrize("status", shapes.service("ecr").shape_for("ScanStatus").enum)  # type: ignore[attr-defined]
def test_a_scan_has_findings_only_when_it_ended_or_goes_on(ecr: ECRClient, status: str) -> None:
    digest = stored(ecr, "image", "dev-1")
    image = ecr_backends["123456789012"]["eu-west-2"].repositories[NAME].images[0]
    image.scan = (status, {"HIGH": 2})  # type: ignore[attr-defined]
    scan = ecr.describe_image_scan_findings(repositoryName=NAME, imageId={"imageDigest": digest})
    assert scan["imageScanStatus"]["status"] == status
    assert ("imageScanFindings" in scan) is (status in ("COMPLETE", "ACTIVE"))


def test_a_preview_is_started_and_then_read(ecr: ECRClient) -> None:
    with refused("LifecyclePolicyPreviewNotFoundException"):
        ecr.get_lifecycle_policy_preview(repositoryName=NAME)
    with refused("LifecyclePolicyNotFoundException"):
        ecr.start_lifecycle_policy_preview(repositoryName=NAME)
    old, _ = stored(ecr, "old", "prod-1"), stored(ecr, "new", "prod-2")
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
        "action": {"type": "transition", "targetStorageClass": "archive"},
    }
    policy = json.dumps({"rules": [rule]})
    started = ecr.start_lifecycle_policy_preview(repositoryName=NAME, lifecyclePolicyText=policy)
    assert started["status"] == "IN_PROGRESS"
    preview = ecr.get_lifecycle_policy_preview(repositoryName=NAME)
    assert (preview["status"], preview["summary"]["expiringImageTotalCount"]) == ("COMPLETE", 0)
    assert [(one["imageDigest"], one["action"]) for one in preview["previewResults"]] == [
        (old, {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"})
    ]


RULE: dict[str, Any] = {
    "rulePriority": 1,
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
    "action": {"type": "expire"},
}


@pytest.mark.parametrize(
    ("rules", "mistake"),
    [
        ([RULE | {"selection": RULE["selection"] | {"countType": "sinceImagePulled", "countUnit": "days"}}], "pulled"),
        ([RULE | {"selection": RULE["selection"] | {"storageClass": "archive"}}], "sinceImageTransitioned"),
        ([RULE | {"action": {"type": "transition"}}], "goes to the archive"),
        ([RULE, RULE | {"rulePriority": 2}], "select the same tags"),
        ([RULE, RULE | {"rulePriority": 2, "selection": RULE["selection"] | {"tagStatus": "untagged"}}], "comes last"),
        ([RULE | {"selection": RULE["selection"] | {"tagStatus": "tagged"}}], "tags are named"),
        ([RULE | {"selection": RULE["selection"] | {"countUnit": "days"}}], "has the unit days"),
    ],
)
def test_a_policy_that_ecr_refuses_is_refused(ecr: ECRClient, rules: list[dict[str, Any]], mistake: str) -> None:
    with pytest.raises(ClientError, match=mistake):
        ecr.put_lifecycle_policy(repositoryName=NAME, lifecyclePolicyText=json.dumps({"rules": rules}))


def test_what_is_installed_for_good_outlives_the_call() -> None:
    before = ECRResponse.put_image
    try:
        double.install()
        gc.collect()
        assert ECRResponse.put_image is not before
    finally:
        double._FOR_GOOD.close()  # noqa: SLF001  nothing else ends it
