"""One image of an ECR repository, as ECR describes it. Source: Amazon ECR API reference, `DescribeImages`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.shared import ecr
from goldenpath.shared.names import Tag

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_ecr import ECRClient

    from goldenpath.shared.names import AccountId, Digest, EcrRepository


@dataclass(frozen=True)
class PushedImage:
    """The tags that name an image now, and when it was pushed; `None` where ECR does not say when."""

    tags: tuple[Tag, ...] = ()
    pushed_at: datetime | None = None


def described(client: ECRClient, name: EcrRepository, digest: Digest, account: AccountId | None) -> PushedImage:
    """Return the image `digest` of the repository `name`; without tags and time when it is not there."""
    try:
        images = client.describe_images(
            **ecr.registry(account), repositoryName=name, imageIds=[{"imageDigest": digest}]
        )["imageDetails"]
    except client.exceptions.ImageNotFoundException:
        return PushedImage()
    tags = tuple(Tag(tag) for image in images for tag in image.get("imageTags") or ())
    return PushedImage(tags, next((image.get("imagePushedAt") for image in images), None))
