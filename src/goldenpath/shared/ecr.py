"""Calls to ECR for deliveries and registries; `account` owns the registry, by default the credentials' account.

Source: Amazon ECR API reference: `DescribeRepositories`, `ListTagsForResource`, `DescribeImages`, `BatchDeleteImage`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.literals import ImageStatusFilterType
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef, ImageFailureTypeDef, RepositoryTypeDef

    from goldenpath.shared.names import AccountId

# `BatchGetImage` and `BatchDeleteImage` take no more.
_BATCH = 100
_LARGEST_PAGE = 1000


def registry(account: AccountId | None) -> dict[str, Any]:
    """Return the options of a call that name the registry of `account`; none for the credentials' own."""
    return {"registryId": account} if account else {}


def repository(client: ECRClient, name: str, account: AccountId | None = None) -> RepositoryTypeDef:
    """Return the description of the repository `name`. Raises ECR's `RepositoryNotFoundException`."""
    return client.describe_repositories(**registry(account), repositoryNames=[name])["repositories"][0]


def repository_tags(client: ECRClient, arn: str) -> dict[str, str]:
    """Return the tags of the repository with that ARN, by key."""
    return {tag["Key"]: tag.get("Value", "") for tag in client.list_tags_for_resource(resourceArn=arn)["tags"]}


def images(
    client: ECRClient, name: str, account: AccountId | None = None, status: ImageStatusFilterType = "ACTIVE"
) -> list[ImageDetailTypeDef]:
    """Return the description of every image of the repository `name` that has the `status`, or any (`ANY`).

    Only those that are `ACTIVE` can be pulled: the others were archived, or are being restored.
    """
    # Without a filter ECR hides archived images, and a repository that seems to be empty cannot be deleted.
    pages = client.get_paginator("describe_images").paginate(
        **registry(account),
        repositoryName=name,
        filter={"imageStatus": status},
        PaginationConfig={"PageSize": _LARGEST_PAGE},
    )
    return [image for page in pages for image in page["imageDetails"]]


def archived_images(client: ECRClient, name: str, account: AccountId | None = None) -> list[ImageDetailTypeDef]:
    """Return the description of every image of the repository that is archived, or is being restored."""
    archived = images(client, name, account, "ARCHIVED")
    # Nearly no repository has an archive, and a release should cost it one request only.
    return [*archived, *images(client, name, account, "ACTIVATING")] if archived else []


def pull_time_exclusions(client: ECRClient) -> Iterator[str]:
    """Yield the ARNs of the principals whose pulls ECR does not record. Raises what the SDK raises."""
    # The SDK has no paginator for this operation.
    request: dict[str, Any] = {}
    while True:
        page = client.list_pull_time_update_exclusions(**request)
        yield from page.get("pullTimeUpdateExclusions", [])
        if not page.get("nextToken"):
            return
        request = {"nextToken": page["nextToken"]}


def delete(
    client: ECRClient, name: str, identities: Sequence[Any], account: AccountId | None = None
) -> list[ImageFailureTypeDef]:
    """Delete images, or tags of images; return the failures. An image that is missing already is no failure."""
    return [
        failure
        for batch in batches(identities)
        for failure in client.batch_delete_image(**registry(account), repositoryName=name, imageIds=batch)["failures"]
        if failure.get("failureCode") != "ImageNotFound"
    ]


def batches(identities: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield `identities` in parts, none of them longer than a call to ECR may name."""
    return (identities[start : start + _BATCH] for start in range(0, len(identities), _BATCH))
