"""The only place of the wing that asks ECR: settings, tags, policies, images and scan results of a repository.

It changes two things: it deletes the images of a registry that is removed, and tags the images that run somewhere.

Source: Amazon ECR API reference: `DescribeRepositories`, `ListTagsForResource`, `GetLifecyclePolicy`,
`GetRepositoryPolicy`, `DescribeImages`, `DescribeImageScanFindings`, `BatchGetImage`, `BatchDeleteImage`, `PutImage`,
`StartLifecyclePolicyPreview`, `GetLifecyclePolicyPreview`, `ListPullTimeUpdateExclusions`,
`DescribePullThroughCacheRules`; user guide, "Scan images for software vulnerabilities" (`DescribeImages` has no
findings of basic scanning).
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.registries.aws import creation_templates
from goldenpath.registries.aws.session import client, explained
from goldenpath.shared import ecr, oci
from goldenpath.shared.errors import RegistryRefused

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from mypy_boto3_ecr import ECRClient

    from goldenpath.registries.aws.creation_templates import TemplateFacts

# ACTIVE: enhanced scanning never completes, it continues for as long as ECR watches the image.
_SCANNED = ("COMPLETE", "ACTIVE")
# A preview of some thousand images takes seconds.
_PREVIEW_ATTEMPTS, _PREVIEW_PAUSE = 60, 2.0


@dataclass(frozen=True)
class EcrDescription:
    """A repository as ECR describes it.

    `lifecycle` and `policy` are JSON documents, empty where there is none. `exclusions` are the tags that may still
    move, as wildcards, and `kms_key` is the ARN of the key where the encryption has one.
    """

    uri: str
    mutability: str
    encryption: str
    scan_on_push: bool
    tags: Mapping[str, str]
    created: dt.datetime
    lifecycle: str = ""
    policy: str = ""
    exclusions: tuple[str, ...] = ()
    kms_key: str = ""

    @property
    def account(self) -> str:
        """The number of the AWS account that has the repository."""
        return self.uri.partition(".")[0]


@dataclass(frozen=True)
class EcrImage:
    """One image, or an index of several (`is_index`): `size` in bytes, `pushed` and `pulled` as ECR recorded them.

    `pulled` is `None` for an image that was never pulled. ECR updates it at most once a day. `archived` tells that it
    cannot be pulled: it is in the archive since `archived_at`, or on its way back. `activated` is when it last came
    back. `subject` is the digest of the image that this one vouches for, as a signature does; else empty.
    """

    digest: str
    tags: tuple[str, ...]
    size: int
    pushed: dt.datetime
    pulled: dt.datetime | None = None
    is_index: bool = False
    archived: bool = False
    archived_at: dt.datetime | None = None
    activated: dt.datetime | None = None
    subject: str = ""


@dataclass(frozen=True)
class AppliedRule:
    """What a lifecycle policy does with an image: its rule with `priority` expires it, or archives it."""

    priority: int
    archives: bool = False


class PlatformEcr:
    """The ECR of one account and region, with the credentials in `variables`."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._client: ECRClient = client("ecr", variables)

    def uris(self) -> dict[str, str]:
        """Return every repository of the account and region: name → address, sorted by name."""
        with explained("list the ECR repositories"):
            pages = self._client.get_paginator("describe_repositories").paginate()
            listed = [repository for page in pages for repository in page["repositories"]]
            return dict(sorted((repository["repositoryName"], repository["repositoryUri"]) for repository in listed))

    def cache_prefixes(self) -> tuple[str, ...]:
        """Return the prefixes of the repositories that pull-through caches create (`ROOT`: any name)."""
        with explained("list the pull-through caches"):
            pages = self._client.get_paginator("describe_pull_through_cache_rules").paginate()
            return tuple(rule["ecrRepositoryPrefix"] for page in pages for rule in page["pullThroughCacheRules"])

    def push_templates(self) -> tuple[TemplateFacts, ...]:
        """Return the templates by which a push to a repository that does not exist creates it."""
        with explained("list the repository creation templates"):
            return tuple(template for template in creation_templates.read(self._client) if template.on_push)

    def excluded_from_pull_times(self) -> tuple[str, ...]:
        """Return the ARNs of the principals whose pulls ECR does not record."""
        with explained("list the pull-time exclusions"):
            return tuple(ecr.pull_time_exclusions(self._client))

    def describe(self, name: str) -> EcrDescription | None:
        """Return the repository `name`; `None` when there is none."""
        with explained(f"describe the ECR repository {name}"):
            try:
                repository = ecr.repository(self._client, name)
            except self._client.exceptions.RepositoryNotFoundException:
                return None
            return EcrDescription(
                uri=repository["repositoryUri"],
                mutability=repository["imageTagMutability"],
                encryption=repository.get("encryptionConfiguration", {}).get("encryptionType", "AES256"),
                scan_on_push=bool(repository.get("imageScanningConfiguration", {}).get("scanOnPush")),
                tags=ecr.repository_tags(self._client, repository["repositoryArn"]),
                created=repository["createdAt"],
                lifecycle=self._lifecycle(name),
                policy=self._policy(name),
                exclusions=tuple(item["filter"] for item in repository.get("imageTagMutabilityExclusionFilters", [])),
                kms_key=repository.get("encryptionConfiguration", {}).get("kmsKey") or "",
            )

    def images(self, name: str) -> tuple[EcrImage, ...]:
        """Return every image of the repository `name`, archived ones too, newest push first."""
        with explained(f"list the images of {name}"):
            images = map(_image, ecr.images(self._client, name, status="ANY"))
            return tuple(sorted(images, key=lambda image: image.pushed, reverse=True))

    def findings(self, name: str, digest: str) -> Mapping[str, int] | None:
        """Return the findings of ECR's own scan, counted by severity; `None` when there is no finished scan."""
        missing = (self._client.exceptions.ScanNotFoundException, self._client.exceptions.ImageNotFoundException)
        with explained(f"read the scan of an image of {name}"):
            try:
                scan = self._client.describe_image_scan_findings(
                    repositoryName=name, imageId={"imageDigest": digest}, maxResults=1
                )
            except missing:
                return None
            if scan["imageScanStatus"].get("status") not in _SCANNED:
                return None
            counts = scan.get("imageScanFindings", {}).get("findingSeverityCounts", {})
            return {str(severity): count for severity, count in counts.items()}

    def manifests(self, name: str, digests: tuple[str, ...]) -> dict[str, str]:
        """Return the stored manifests of `digests`. ECR records this as a pull of every image.

        Raises `RegistryRefused` when one is missing; those of archived images cannot be read.
        """
        manifests: dict[str, str] = {}
        for batch in ecr.batches(digests):
            with explained(f"read the manifests of {name}"):
                response = self._client.batch_get_image(
                    repositoryName=name, imageIds=[{"imageDigest": digest} for digest in batch]
                )
            manifests |= {
                str(image["imageId"].get("imageDigest")): image["imageManifest"] for image in response["images"]
            }
        if missing := set(digests) - set(manifests):
            raise RegistryRefused(f"ECR gave no manifest for {', '.join(sorted(missing))} of {name}", fix="Run again")
        return manifests

    def delete(self, name: str, digests: tuple[str, ...]) -> None:
        """Delete the images `digests`; missing ones count as deleted. Raises `RegistryRefused`."""
        # ECR refuses to delete an image while an index refers to it, and says nothing of the order. So the failures are
        # tried again once their index is gone, until a round deletes nothing more.
        left, before = digests, ()
        while left and left != before:
            before = left  # type: ignore[assignment]
            left = self._not_deleted(name, left)
        if left:
            raise RegistryRefused(f"ECR did not delete {', '.join(left)} from {name}", fix="Run again")

    def add_tag(self, name: str, digest: str, tag: str) -> None:
        """Give the image `digest` one more tag; it may have it already. ECR records this as a pull.

        Raises `RegistryRefused`.
        """
        # A tag is added by storing the same manifest again: the digest says that it is the same.
        with explained(f"tag an image of {name}"), suppress(self._client.exceptions.ImageAlreadyExistsException):
            stored = self._client.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": digest}])["images"]
            if not stored:
                raise RegistryRefused(f"ECR gave no manifest for {digest} of {name}", fix="Run again")
            media_type = stored[0].get("imageManifestMediaType")
            more: dict[str, Any] = {"imageManifestMediaType": media_type} if media_type else {}
            self._client.put_image(
                repositoryName=name, imageManifest=stored[0]["imageManifest"], imageTag=tag, imageDigest=digest, **more
            )

    def remove_tags(self, name: str, tags: tuple[str, ...]) -> None:
        """Take `tags` away from images that have others; with its last tag ECR deletes an image.

        Raises `RegistryRefused`.
        """
        with explained(f"remove tags of {name}"):
            failures = ecr.delete(self._client, name, [{"imageTag": tag} for tag in tags])
        if failures:
            raise RegistryRefused(f"ECR did not remove {len(failures)} tags from {name}", fix="Run again")

    def lifecycle_preview(self, name: str, sleep: Callable[[float], None] = time.sleep) -> dict[str, AppliedRule]:
        """Return what ECR itself would do by the lifecycle policy of `name`, by digest. Raises `RegistryRefused`."""
        with explained(f"preview the lifecycle policy of {name}"):
            # Somebody else's preview of the same policy serves as well.
            with suppress(self._client.exceptions.LifecyclePolicyPreviewInProgressException):
                self._client.start_lifecycle_policy_preview(repositoryName=name)
            for _ in range(_PREVIEW_ATTEMPTS):
                status = self._client.get_lifecycle_policy_preview(repositoryName=name, maxResults=1)["status"]
                if status != "IN_PROGRESS":
                    break
                sleep(_PREVIEW_PAUSE)
            if status != "COMPLETE":
                raise RegistryRefused(f"ECR's preview of the lifecycle policy of {name} is {status}", fix="Run again")
            pages = self._client.get_paginator("get_lifecycle_policy_preview").paginate(repositoryName=name)
            return {
                result["imageDigest"]: AppliedRule(
                    result["appliedRulePriority"], str(result["action"]["type"]) == "TRANSITION"
                )
                for page in pages
                for result in page["previewResults"]
            }

    def _not_deleted(self, name: str, digests: tuple[str, ...]) -> tuple[str, ...]:
        with explained(f"delete images of {name}"):
            failures = ecr.delete(self._client, name, [{"imageDigest": digest} for digest in digests])
        return tuple(str(failure.get("imageId", {}).get("imageDigest")) for failure in failures)

    def _lifecycle(self, name: str) -> str:
        try:
            return self._client.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
        except self._client.exceptions.LifecyclePolicyNotFoundException:
            return ""

    def _policy(self, name: str) -> str:
        try:
            return self._client.get_repository_policy(repositoryName=name)["policyText"]
        except self._client.exceptions.RepositoryPolicyNotFoundException:
            return ""


def _image(detail: Mapping[str, Any]) -> EcrImage:
    return EcrImage(
        digest=detail["imageDigest"],
        tags=tuple(sorted(detail.get("imageTags") or ())),
        size=detail.get("imageSizeInBytes", 0),
        pushed=detail["imagePushedAt"],
        pulled=detail.get("lastRecordedPullTime"),
        is_index=detail.get("imageManifestMediaType") in oci.INDEXES,
        archived=detail.get("imageStatus", "ACTIVE") != "ACTIVE",
        archived_at=detail.get("lastArchivedAt"),
        activated=detail.get("lastActivatedAt"),
        subject=detail.get("subjectManifestDigest", ""),
    )
