"""What the hygiene report counts; and how ECR is asked for its scans, exactly as its service description has it."""

from __future__ import annotations

import datetime as dt

import pytest
from botocore.stub import Stubber

from goldenpath.errors import AccessDenied
from goldenpath.registries import compliance, hygiene
from goldenpath.registries.aws.ecr import EcrImage, PlatformEcr
from goldenpath.registries.config.ecr_tf import RegistryEntry
from goldenpath.registries.hygiene import RegistryReport
from goldenpath.registries.request import Risk
from tests.unit.builders import DIGEST

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
REGISTRY = RegistryEntry("dev", "my-app", "REGISTRY_MY_APP", "team-web", Risk.LOW)
ASKED = {"repositoryName": "my-app", "imageId": {"imageDigest": DIGEST}, "maxResults": 1}


@pytest.fixture
def reader() -> PlatformEcr:
    return PlatformEcr({"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-2"})


@pytest.fixture
def ecr(reader: PlatformEcr) -> Stubber:
    stub = Stubber(reader._client)  # noqa: SLF001  the SDK's client is what the stubber takes the place of
    stub.activate()
    return stub


@pytest.mark.parametrize("status", ["COMPLETE", "ACTIVE"])
def test_a_scan_that_is_done_or_goes_on_for_good_tells_its_findings_by_severity(
    reader: PlatformEcr, ecr: Stubber, status: str
) -> None:
    counts = {"CRITICAL": 2, "LOW": 7}
    answer = {"imageScanStatus": {"status": status}, "imageScanFindings": {"findingSeverityCounts": counts}}
    ecr.add_response("describe_image_scan_findings", answer, ASKED)
    assert reader.findings("my-app", DIGEST) == counts


def test_a_scan_that_found_nothing_is_no_missing_scan(reader: PlatformEcr, ecr: Stubber) -> None:
    ecr.add_response("describe_image_scan_findings", {"imageScanStatus": {"status": "COMPLETE"}}, ASKED)
    assert reader.findings("my-app", DIGEST) == {}


@pytest.mark.parametrize("status", ["IN_PROGRESS", "PENDING", "FAILED", "UNSUPPORTED_IMAGE"])
def test_a_scan_that_has_not_come_to_an_end_is_none(reader: PlatformEcr, ecr: Stubber, status: str) -> None:
    ecr.add_response("describe_image_scan_findings", {"imageScanStatus": {"status": status}}, ASKED)
    assert reader.findings("my-app", DIGEST) is None


@pytest.mark.parametrize("code", ["ScanNotFoundException", "ImageNotFoundException"])
def test_an_image_that_was_never_scanned_or_went_meanwhile_has_no_scan(
    reader: PlatformEcr, ecr: Stubber, code: str
) -> None:
    ecr.add_client_error("describe_image_scan_findings", code, "none", expected_params=ASKED)
    assert reader.findings("my-app", DIGEST) is None


def test_a_role_that_may_not_read_scans_is_told_where_its_permissions_stand(reader: PlatformEcr, ecr: Stubber) -> None:
    ecr.add_client_error("describe_image_scan_findings", "AccessDeniedException", "no", expected_params=ASKED)
    with pytest.raises(AccessDenied, match="not allowed to read the scan of an image of my-app") as refused:
        reader.findings("my-app", DIGEST)
    assert "docs/registries.md" in refused.value.fix


@pytest.mark.parametrize(
    ("media_type", "is_index"),
    [
        ("application/vnd.oci.image.index.v1+json", True),
        ("application/vnd.docker.distribution.manifest.list.v2+json", True),
        ("application/vnd.oci.image.manifest.v1+json", False),
    ],
)
def test_an_index_is_known_by_its_media_type(
    reader: PlatformEcr, ecr: Stubber, media_type: str, is_index: bool
) -> None:
    told = {"imageDigest": DIGEST, "imagePushedAt": NOW, "imageManifestMediaType": media_type}
    ecr.add_response("describe_images", {"imageDetails": [told]}, {"repositoryName": "my-app"})
    assert [each.is_index for each in reader.images("my-app")] == [is_index]


def image(digest: str, *tags: str, days: int = 0, is_index: bool = False) -> EcrImage:
    return EcrImage(digest, tags, 1, NOW - dt.timedelta(days=days), is_index=is_index)


def test_severe_findings_are_counted_and_tagged_images_without_a_scan() -> None:
    images = (image("a", "dev-a1b2c3d"), image("b", "dev-b1b2c3d"), image("c"))
    scans = {"a": {"CRITICAL": 1, "HIGH": 2, "LOW": 4}, "b": None}
    assert [each.digest for each in hygiene.scannable(images)] == ["a", "b"]
    seen = hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, scans, (), NOW)
    assert (seen.images, seen.untagged, seen.severe, seen.unscanned) == (3, 1, 3, 1)


UNTAGGED = compliance.parse_lifecycle(
    '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", '
    '"countNumber": 7}}]}'
)


def test_what_an_index_may_be_made_of_is_neither_expiring_nor_unscanned_and_its_findings_count() -> None:
    images = (image("a", "prod-a1b2c3d", days=30, is_index=True), image("b", days=30), image("c", days=30))
    assert [each.digest for each in hygiene.scannable(images)] == ["b", "c"]
    seen = hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, {"b": {"HIGH": 1}, "c": None}, UNTAGGED, NOW)
    assert (seen.untagged, seen.expiring, seen.severe, seen.unscanned) == (2, (), 1, 0)


def test_an_index_without_a_tag_expires_as_any_image() -> None:
    images = (image("a", days=30, is_index=True),)
    seen = hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, {}, UNTAGGED, NOW)
    assert seen.expiring == ("untagged a",)


def test_an_untagged_image_in_a_repository_without_an_index_expires() -> None:
    images = (image("a", "prod-a1b2c3d"), image("b", days=30))
    assert hygiene.with_image_counts(RegistryReport(REGISTRY, ()), images, {"a": {}}, UNTAGGED, NOW).expiring == (
        "untagged b",
    )


def test_the_legend_says_what_is_not_counted() -> None:
    assert "images of a registry that holds an image for several platforms may be its parts" in hygiene.report(())
