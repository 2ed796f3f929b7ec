from __future__ import annotations

import datetime as dt

import pytest
from botocore.stub import Stubber
from tests.unit.builders import DIGEST

from goldenpath.registries.aws.ecr import PlatformEcr
from goldenpath.shared.errors import AccessDenied

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
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
    with pytest.raises(AccessDenied, match="Not allowed to read the scan of an image of my-app") as refused:
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
