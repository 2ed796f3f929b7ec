"""The state of ECR's control plane: moto's backend, kept equal to the content of the registry.

moto invents digests, and drops an image when its tag moves to another one; ECR keeps such an image, untagged. So this
module adds and removes images in moto's own objects, and moto's later responses are right.
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.ecr.models import ECRBackend, Image, Repository, ecr_backends

from goldenpath.shared import oci
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.local.aws.registry_process import RegistryProcess


# An image is in one storage class or on its way back from the archive (botocore's model, `ImageStatus`).
ACTIVE, ARCHIVED, ACTIVATING = "ACTIVE", "ARCHIVED", "ACTIVATING"
# ECR takes up to 20 minutes.
RESTORE_SECONDS = 2.0


class StoredImage(Image):
    """An image with what ECR keeps about it; its size is the sum of its layers as stored, in bytes.

    Times are in seconds since 1970, and `None` until the event has happened.
    """

    last_recorded_pull_time: float | None = None
    last_archived_at: float | None = None
    last_activated_at: float | None = None

    def __init__(self, account: str, manifest: PutManifest, repository: str) -> None:
        text, media_type = manifest.content.decode("utf-8", "replace"), manifest.media_type or oci.MANIFEST
        super().__init__(account, None, text, repository, media_type, manifest.digest)  # type: ignore[arg-type]
        self._is_archived = False
        self._pullable_from = 0.0

    @property
    def status(self) -> str:
        """Where the image is kept: `ACTIVE`, `ARCHIVED`, or `ACTIVATING` for as long as it is restored."""
        if self._is_archived:
            return ARCHIVED
        return ACTIVATING if time.time() < self._pullable_from else ACTIVE

    def archive(self) -> None:
        """Move the image to the archive."""
        self._is_archived, self.last_archived_at = True, time.time()

    def restore(self, seconds: float) -> None:
        """Move the image back, which takes `seconds`."""
        self._is_archived = False
        self.last_activated_at = self._pullable_from = time.time() + seconds

    def get_image_size_in_bytes(self) -> int | None:
        """Return the sum of the layers' sizes; `None` for an image index."""
        layers = json.loads(self.image_manifest).get("layers")
        return sum(layer.get("size", 0) for layer in layers) if isinstance(layers, list) else None


@dataclass(frozen=True)
class PutManifest:
    """The bytes of a manifest, and the media type that its client sent."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> Digest:
        """The digest of the bytes."""
        return Digest.of(self.content)


class EcrStore:
    """The repositories of one account in one region; hold `lock` from a check to the write that depends on it."""

    def __init__(self, account: str, region: str, registry: RegistryProcess) -> None:
        self.account = account
        self.region = region
        self.registry = registry
        self.lock = threading.RLock()
        self.restore_seconds = RESTORE_SECONDS

    @property
    def backend(self) -> ECRBackend:
        """The backend that moto keeps for this account and region."""
        return ecr_backends[self.account][self.region]

    def create(self, name: str, *, immutable: bool, tags: Mapping[str, str]) -> None:
        """Create the repository `name` with `tags`; if it exists, set its mutability and add the tags."""
        mutability = "IMMUTABLE" if immutable else "MUTABLE"
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        with self.lock:
            if repository := self.find(name):
                repository.image_tag_mutability = mutability
                self.backend.tag_resource(self.arn(name), listed)
                return
            self.backend.create_repository(
                repository_name=name,
                registry_id=None,
                encryption_config={"encryptionType": "AES256"},
                image_scan_config={"scanOnPush": True},
                image_tag_mutability=mutability,
                tags=listed,
            )

    def find(self, name: str) -> Repository | None:
        """Return moto's record of the repository; `None` when there is none."""
        return self.backend.repositories.get(name)

    def arn(self, name: str) -> str:
        """Return the ARN of a repository, whether it exists or not."""
        return f"arn:aws:ecr:{self.region}:{self.account}:repository/{name}"

    def record(self, repository: Repository, manifest: PutManifest, tag: str | None) -> Image:
        """Record that the registry accepted `manifest`, and under which tag; an image that loses its tag stays."""
        digest = manifest.digest
        image = image_by_digest(repository, digest)
        if image is None:
            image = StoredImage(self.account, manifest, repository.name)
            repository.images.append(image)
        elif isinstance(image, StoredImage) and image.status != ACTIVE:
            # Amazon ECR user guide, "Restoring an image": pushing it again restores it at once.
            image.restore(0.0)
        if tag is not None:
            for other in repository.images:
                other.remove_tag(tag)
            image.update_tag(tag)
        return image

    def record_pull(self, repository: Repository, wanted: Mapping[str, str]) -> None:
        """Record that an image is pulled now; ignored when it does not exist.

        ECR records the pulls of every principal, also the platform's, unless its role is excluded. (ECR user guide,
        "Pull-time update exclusions"; API reference, `BatchGetImage`: "When an image is pulled, [it] is called once".)
        """
        with self.lock:
            image = find_image(repository, wanted)
            if isinstance(image, StoredImage):
                image.last_recorded_pull_time = time.time()

    def remove(self, repository: Repository, wanted: Mapping[str, str]) -> list[dict[str, str]]:
        """Remove one image id (`imageTag`, `imageDigest` or both) here and in the registry.

        Return the removed ids. An image is removed with its last tag, as the reference of BatchDeleteImage says. Raises
        `LookupError` with ECR's failure code and reason.
        """
        image = _wanted(repository, wanted)
        tag = wanted.get("imageTag")
        if tag and "imageDigest" not in wanted and image.image_tags != [tag]:
            self.registry.remove(repository.name, tag)
            image.remove_tag(tag)
            return [{"imageDigest": image.image_digest, "imageTag": tag}]
        if any(image.image_digest in _children(other) for other in repository.images):
            reason = "Requested image referenced by manifest list"
            raise LookupError("ImageReferencedByManifestList", reason)
        self.registry.remove(repository.name, image.image_digest)
        repository.images.remove(image)
        tags = [{"imageDigest": image.image_digest, "imageTag": tag} for tag in image.image_tags]
        return tags or [{"imageDigest": image.image_digest}]


def image_by_tag(repository: Repository, tag: str) -> Image | None:
    """Return the image that `tag` names; `None` when it names none."""
    return next((image for image in repository.images if tag in image.image_tags), None)


def image_by_digest(repository: Repository, digest: str) -> Image | None:
    """Return the image of `digest`; `None` when there is none."""
    return next((image for image in repository.images if image.image_digest == digest), None)


def find_image(repository: Repository, wanted: Mapping[str, str]) -> Image | None:
    """Return the image of an image id (`imageTag`, `imageDigest` or both, which must then agree)."""
    tag, digest = wanted.get("imageTag"), wanted.get("imageDigest")
    image = image_by_digest(repository, digest) if digest else image_by_tag(repository, tag or "")
    return None if image is None or (tag and tag not in image.image_tags) else image


def may_overwrite(repository: Repository, tag: str) -> bool:
    """Return whether an existing tag may be overwritten.

    Exclusion filters reverse the repository's rule for the tags that they match; `*` is their only wildcard. (Amazon
    ECR user guide, "Preventing image tags from being overwritten".)
    """
    immutable = repository.is_tag_immutable()
    filters: list[Any] = repository.image_tag_mutability_exclusion_filters or []
    excluded = any(re.fullmatch(re.escape(f["filter"]).replace(r"\*", ".*"), tag) for f in filters)
    return excluded if immutable else not excluded


def _wanted(repository: Repository, wanted: Mapping[str, str]) -> Image:
    if not wanted.get("imageTag") and not wanted.get("imageDigest"):
        raise LookupError("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null")
    image = find_image(repository, wanted)
    if image is None:
        raise LookupError("ImageNotFound", "Requested image not found")
    return image


def _children(image: Image) -> set[str]:
    listed = json.loads(image.image_manifest).get("manifests") or []
    return {child.get("digest") for child in listed}
