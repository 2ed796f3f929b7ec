"""The images of an environment as ECR shows them: the one list of releases that no run can leave anything out of.

Source: Amazon ECR API reference, `DescribeImages` and `BatchGetImage`.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from goldenpath.delivery.registry import iam
from goldenpath.delivery.release import tags
from goldenpath.shared import aws_sdk, codec, ecr, masks, oci, oidc, runner
from goldenpath.shared.aws_sdk import RoleSession, explained
from goldenpath.shared.errors import RepositoryMissing
from goldenpath.shared.names import AUDIENCE, Digest, Tag

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

    from goldenpath.shared.names import AccountId, EcrRepository, Region, RoleArn

# What CloudTrail shows of a workflow run that collects evidence.
_SESSION = "goldenpath-evidence"
_NEEDS = "ecr:DescribeImages and ecr:BatchGetImage on the repository"


class RegistryImage(Struct, frozen=True):
    """An image with a tag of the environment. `status` is ECR's: an `ARCHIVED` image has no manifest to read.

    `pushed_at` is when its manifest was stored; a tag may have been added later, of which ECR keeps no time.
    """

    digest: Digest
    tags: tuple[str, ...]
    pushed_at: dt.datetime
    status: str


class _Listed(Struct, frozen=True):
    digest: str


class _ManifestFacts(Struct, frozen=True):
    annotations: dict[str, str] = {}
    manifests: tuple[_Listed, ...] = ()


def connect(
    region: Region, name: EcrRepository, account: AccountId | None = None, role: RoleArn | None = None
) -> ECRClient:
    """Return a client of ECR for the SDK's own login, or for the `role` of a workflow run. Raises `LoginRefused`.

    A role may then read the repository `name` and nothing else, whatever else it is allowed.
    """
    sdk = aws_sdk.session()
    key = None
    if role:
        policy = iam.session_policy(region, role, name, account=account, read_only=True)
        wanted = RoleSession(role, region, _SESSION, aws_sdk.RELEASE_SECONDS, policy)
        key = aws_sdk.exchanged(sdk, wanted, oidc.token(runner.variables(), AUDIENCE))
        masks.hide(f"{key.secret}\n{key.token}")
    with explained("log in to AWS"):
        client: ECRClient = aws_sdk.client(sdk, "ecr", region, key)
    return client


def released(
    client: ECRClient, name: EcrRepository, environment: str, account: AccountId | None = None
) -> tuple[RegistryImage, ...]:
    """Return the images of the repository `name` that have a tag of `environment`, the oldest first.

    Raises `RepositoryMissing`, and what `explained` does.
    """
    with explained(f"list the images of {name}", needs=_NEEDS):
        try:
            described = ecr.images(client, name, account, status="ANY")
        except client.exceptions.RepositoryNotFoundException as error:
            raise RepositoryMissing(
                f"The ECR repository {name} does not exist in {client.meta.region_name}",
                why=str(error),
                fix="Correct --ecr-repository, --aws-region or --registry-account",
            ) from None
    images = (_image(image) for image in described)
    ours = [image for image in images if any(tags.is_of_environment(Tag(tag), environment) for tag in image.tags)]
    return tuple(sorted(ours, key=lambda image: (image.pushed_at, image.digest)))


def _image(described: Any) -> RegistryImage:  # noqa: ANN401  a type of the SDK
    return RegistryImage(
        Digest(described["imageDigest"]),
        tuple(sorted(described.get("imageTags", ()))),
        described["imagePushedAt"].astimezone(dt.UTC),
        described.get("imageStatus", "ACTIVE"),
    )


def manifests(
    client: ECRClient, name: EcrRepository, digests: list[Digest], account: AccountId | None = None
) -> dict[Digest, bytes]:
    """Return the manifests of `digests` that ECR gives, byte for byte: those whose SHA-256 is the digest."""
    stored: dict[Digest, bytes] = {}
    for batch in ecr.batches(digests):
        with explained(f"read manifests of {name}", needs=_NEEDS):
            response = client.batch_get_image(
                **ecr.registry(account),
                repositoryName=name,
                imageIds=[{"imageDigest": digest} for digest in batch],
                acceptedMediaTypes=[*oci.INDEXES, *oci.MANIFESTS],
            )
        for image in response["images"]:
            content = image.get("imageManifest", "").encode()
            if (digest := Digest.of(content)) in batch:
                stored[digest] = content
    return stored


def stated(manifest: bytes) -> dict[str, str]:
    """Return the annotations of a manifest; none where it has no valid ones, because whoever pushes writes them."""
    return _facts(manifest).annotations


def listed(manifest: bytes) -> frozenset[str]:
    """Return the digests that an index lists: those of its platforms. Empty for any other manifest."""
    return frozenset(entry.digest for entry in _facts(manifest).manifests)


def _facts(manifest: bytes) -> _ManifestFacts:
    try:
        return codec.decode(manifest, _ManifestFacts)
    except ValueError:
        return _ManifestFacts()
