from __future__ import annotations

import datetime as dt

import pytest
from botocore.stub import Stubber
from tests.doubles.aws import shapes
from tests.unit.builders import DIGEST

from goldenpath.registries.aws.ecr import AppliedRule, PlatformEcr
from goldenpath.shared.errors import AccessDenied, RegistryRefused

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
ASKED = {"repositoryName": "my-app", "imageId": {"imageDigest": DIGEST}, "maxResults": 1}
EVERY_IMAGE = {"repositoryName": "my-app", "filter": {"imageStatus": "ANY"}, "maxResults": 1000}


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


@pytest.mark.parametrize("status", shapes.service("ecr").shape_for("ScanStatus").enum)  # type: ignore[attr-defined]
def test_a_scan_that_has_not_come_to_an_end_is_none(reader: PlatformEcr, ecr: Stubber, status: str) -> None:
    ecr.add_response("describe_image_scan_findings", {"imageScanStatus": {"status": status}}, ASKED)
    assert (reader.findings("my-app", DIGEST) is None) is (status not in ("COMPLETE", "ACTIVE"))


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
    ecr.add_response("describe_images", {"imageDetails": [told]}, EVERY_IMAGE)
    assert [each.is_index for each in reader.images("my-app")] == [is_index]


def test_archived_images_are_listed_and_known_as_archived(reader: PlatformEcr, ecr: Stubber) -> None:
    described = {
        "imageDigest": DIGEST, "imagePushedAt": NOW, "imageStatus": "ARCHIVED", "lastArchivedAt": NOW,
        "subjectManifestDigest": "sha256:1",
    }  # fmt: skip
    ecr.add_response("describe_images", {"imageDetails": [described]}, EVERY_IMAGE)
    (image,) = reader.images("my-app")
    assert (image.archived, image.archived_at, image.subject) == (True, NOW, "sha256:1")


def test_roles_without_pull_times_are_read_to_the_last_page(reader: PlatformEcr, ecr: Stubber) -> None:
    first = {"pullTimeUpdateExclusions": ["arn:aws:iam::123456789012:role/a"], "nextToken": "2"}
    ecr.add_response("list_pull_time_update_exclusions", first, {})
    ecr.add_response("list_pull_time_update_exclusions", {"pullTimeUpdateExclusions": ["b"]}, {"nextToken": "2"})
    assert reader.excluded_from_pull_times() == ("arn:aws:iam::123456789012:role/a", "b")


def test_only_templates_that_a_push_uses_count(reader: PlatformEcr, ecr: Stubber) -> None:
    templates = [
        {"prefix": "team", "appliedFor": ["CREATE_ON_PUSH"], "resourceTags": [{"Key": "a", "Value": "b"}]},
        {"prefix": "docker-hub", "appliedFor": ["PULL_THROUGH_CACHE"]},
    ]
    ecr.add_response("describe_repository_creation_templates", {"repositoryCreationTemplates": templates}, {})
    assert [template.prefix for template in reader.push_templates()] == ["team"]


def test_the_prefixes_of_caches_are_those_of_their_rules(reader: PlatformEcr, ecr: Stubber) -> None:
    rules = [{"ecrRepositoryPrefix": "docker-hub"}, {"ecrRepositoryPrefix": "ROOT"}]
    ecr.add_response("describe_pull_through_cache_rules", {"pullThroughCacheRules": rules}, {})
    assert reader.cache_prefixes() == ("docker-hub", "ROOT")


def previewed(ecr: Stubber, *statuses: str) -> None:
    ecr.add_response("start_lifecycle_policy_preview", {"status": "IN_PROGRESS"}, {"repositoryName": "my-app"})
    for status in statuses:
        asked = {"repositoryName": "my-app", "maxResults": 1}
        ecr.add_response("get_lifecycle_policy_preview", {"status": status}, asked)


def test_a_preview_is_waited_for(reader: PlatformEcr, ecr: Stubber) -> None:
    previewed(ecr, "IN_PROGRESS", "IN_PROGRESS", "COMPLETE")
    results = [{"imageDigest": DIGEST, "appliedRulePriority": 10, "action": {"type": "TRANSITION"}}]
    ecr.add_response("get_lifecycle_policy_preview", {"previewResults": results}, {"repositoryName": "my-app"})
    pauses: list[float] = []
    assert reader.lifecycle_preview("my-app", pauses.append) == {DIGEST: AppliedRule(10, archives=True)}
    assert len(pauses) == 2


def test_a_preview_that_fails_is_an_error(reader: PlatformEcr, ecr: Stubber) -> None:
    previewed(ecr, "FAILED")
    with pytest.raises(RegistryRefused, match="ECR's preview of the lifecycle policy of my-app is FAILED"):
        reader.lifecycle_preview("my-app")
