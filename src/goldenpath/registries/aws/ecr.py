"""The only place of the wing that asks ECR: settings, tags, policies, images and scan results of a repository.

It changes one thing: it deletes the images of a registry that is removed.

Source: Amazon ECR API reference: `DescribeRepositories`, `ListTagsForResource`, `GetLifecyclePolicy`,
`GetRepositoryPolicy`, `DescribeImages`, `DescribeImageScanFindings`, `BatchGetImage`, `BatchDeleteImage`; user guide,
"Scan images for software vulnerabilities" (`DescribeImages` has no findings of basic scanning).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.registries.aws.session import ecr_client, explained
from goldenpath.shared import ecr, oci
from goldenpath.shared.errors import RegistryRefused

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from mypy_boto3_ecr import ECRClient

# ACTIVE: enhanced scanning never completes, it continues for as long as ECR watches the image.
_SCANNED = ("COMPLETE", "ACTIVE")


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

    `pulled` is `None` for an image that was never pulled. ECR updates it at most once a day.
    """

    digest: str
    tags: tuple[str, ...]
    size: int
    pushed: dt.datetime
    pulled: dt.datetime | None = None
    is_index: bool = False


class PlatformEcr:
    """The ECR of one account and region, with the credentials in `variables`."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._client: ECRClient = ecr_client(variables)

    def names(self) -> tuple[str, ...]:
        """Return the name of every repository of the account and region, sorted."""
        with explained("list the ECR repositories"):
            pages = self._client.get_paginator("describe_repositories").paginate()
            return tuple(sorted(repository["repositoryName"] for page in pages for repository in page["repositories"]))

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
        """Return every image of the repository `name`, newest push first."""
        with explained(f"list the images of {name}"):
            images = map(_image, ecr.images(self._client, name))
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

        Raises `RegistryRefused` when one is missing.
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
    )
