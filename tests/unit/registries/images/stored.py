"""A repository in the double of ECR's images, for tests of this room."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
from moto import mock_aws
from moto.ecr.models import ecr_backends
from tests.doubles.aws import images as double
from tests.doubles.aws.image_facts import StrictImage, images_of

from goldenpath.registries.aws.ecr import PlatformEcr

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME, REGION, ACCOUNT = "my-app", "eu-west-2", "123456789012"
MANIFEST, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": REGION}


@dataclass(frozen=True)
class Registry:
    """The repository `my-app`, as `platform` sees it."""

    platform: PlatformEcr
    client: Any

    def push(self, text: str, *tags: str, days: float = 0, size: int = 1, **more: object) -> str:
        """Store an image of `size` bytes that was pushed `days` days ago, and return its digest."""
        subject = {"subject": {"digest": more.pop("subject")}} if "subject" in more else {}
        parts = more.pop("parts", ())
        listed: dict[str, Any] = (
            {"mediaType": INDEX, "manifests": [{"digest": part} for part in parts]}  # type: ignore[attr-defined]
            if parts
            else {"mediaType": MANIFEST, "config": {"mediaType": text}, "layers": [{"size": size}]}
        )
        manifest = json.dumps({"schemaVersion": 2, "text": text, **listed, **subject})
        for tag in tags or (None,):
            named = {"imageTag": tag} if tag else {}
            put = self.client.put_image(repositoryName=NAME, imageManifest=manifest, **named)
        digest = str(put["image"]["imageId"]["imageDigest"])
        image = self.stored(digest)
        image.pushed = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
        for field, value in more.items():
            setattr(image, field, value)
        return digest

    def stored(self, digest: str) -> StrictImage:
        """Return the double's own record of an image."""
        repository = ecr_backends[ACCOUNT][REGION].repositories[NAME]
        return next(image for image in images_of(repository) if image.image_digest == digest)

    def tags(self, digest: str) -> list[str]:
        """Return the tags of an image, sorted."""
        return sorted(self.stored(digest).image_tags)

    def break_policy(self, text: str) -> None:
        """Put in the place of the lifecycle policy a text that ECR would not take today."""
        ecr_backends[ACCOUNT][REGION].repositories[NAME].lifecycle_policy = text


@contextmanager
def registry(rules: list[dict[str, Any]] | None = None, **settings: Any) -> Iterator[Registry]:  # noqa: ANN401
    """Make the repository while the block lasts, with `rules` as its lifecycle policy."""
    with mock.patch.dict("os.environ", KEYS), mock_aws(), double.installed():
        client = boto3.client("ecr", region_name=REGION)
        client.create_repository(repositoryName=NAME, **settings)
        if rules:
            client.put_lifecycle_policy(repositoryName=NAME, lifecyclePolicyText=json.dumps({"rules": rules}))
        yield Registry(PlatformEcr(KEYS), client)
