"""ECR's calls that list images: by default the active ones only, since an image may be archived.

Sources: Amazon ECR API reference, `DescribeImages`, `ListImages`, `ListImageReferrers`, `UpdateImageStorageClass`, and
botocore's model of their filters; Amazon ECR user guide, "Archiving an image" and "Restoring an image".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from goldenpath.local.aws.ecr_store import ACTIVE, ARCHIVED, StoredImage, find_image
from goldenpath.local.responses import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moto.ecr.models import Image, Repository

    from goldenpath.local.aws.ecr_store import EcrStore

Body = dict[str, Any]
ANY = "ANY"
# Amazon ECR API reference, `maxResults`.
_PAGE, _LARGEST_PAGE = 100, 1000
# From this size on ECR does not scan an image; its model names the state and not the limit, so this one is ours.
LARGEST_SCANNED = 10 << 30


class ImageListing:
    """The images of a store, as ECR describes them."""

    def __init__(self, store: EcrStore) -> None:
        self._store = store

    def describe(self, body: Body, repository: Repository) -> Body:
        """Respond to DescribeImages."""
        chosen = _with_status(repository, body.get("filter", {}), "imageStatus")
        if wanted := body.get("imageIds"):
            if "nextToken" in body or "maxResults" in body:
                raise AwsError(400, "InvalidParameterException", "A page cannot be combined with imageIds")
            chosen = [self._named(repository, image_id, chosen) for image_id in wanted]
            return {"imageDetails": [self._detail(image) for image in dict.fromkeys(chosen)]}
        page, more = _page(body, chosen)
        return {"imageDetails": [self._detail(image) for image in page], **more}

    def list_ids(self, body: Body, repository: Repository) -> Body:
        """Respond to ListImages."""
        chosen = _with_status(repository, body.get("filter", {}), "imageStatus")
        page, more = _page(body, [image_id for image in chosen for image_id in _image_ids(image)])
        return {"imageIds": page, **more}

    def list_referrers(self, body: Body, repository: Repository) -> Body:
        """Respond to ListImageReferrers."""
        subject, narrowed = body["subjectId"]["imageDigest"], body.get("filter", {})
        types = narrowed.get("artifactTypes")
        chosen = _with_status(repository, narrowed, "artifactStatus")
        referrers = [_referrer(image) for image in chosen if subject_of(image) == subject]
        page, more = _page(body, [one for one in referrers if not types or one.get("artifactType") in types])
        return {"referrers": page, **more}

    def move(self, body: Body, repository: Repository) -> Body:
        """Respond to UpdateImageStorageClass: archive an image, or begin to restore it."""
        image = self._named(repository, body["imageId"], repository.images)
        archives = body["targetStorageClass"] == "ARCHIVE"
        if archives is not (image.status == ACTIVE):
            raise AwsError(400, "ImageStorageClassUpdateNotSupportedException", f"The image is {image.status} already")
        if archives:
            image.archive()
        else:
            image.restore(self._store.restore_seconds)
        return {
            "registryId": self._store.account,
            "repositoryName": repository.name,
            "imageId": body["imageId"],
            "imageStatus": image.status,
        }

    def _named(self, repository: Repository, image_id: Mapping[str, str], among: Sequence[Image]) -> StoredImage:
        image = find_image(repository, image_id)
        if image is None or image not in among:
            named = ", ".join(f"{key}:'{image_id.get(key, 'null')}'" for key in ("imageDigest", "imageTag"))
            message = (
                f"The image with imageId {{{named}}} does not exist within the repository with name "
                f"'{repository.name}' in the registry with id '{self._store.account}'"
            )
            raise AwsError(400, "ImageNotFoundException", message)
        return _stored(image)

    def _detail(self, image: StoredImage) -> Body:
        manifest = json.loads(image.image_manifest)
        detail = {
            "registryId": self._store.account,
            "repositoryName": image.repository_name,
            "imageDigest": image.image_digest,
            "imageTags": list(image.image_tags) or None,
            "imageSizeInBytes": image.get_image_size_in_bytes(),
            "imagePushedAt": image.image_pushed_at,
            "imageScanStatus": scan_status(image),
            "imageManifestMediaType": image.image_manifest_media_type,
            "artifactMediaType": artifact_type(manifest),
            "lastRecordedPullTime": image.last_recorded_pull_time,
            "subjectManifestDigest": subject_of(image),
            "imageStatus": image.status,
            "lastArchivedAt": image.last_archived_at,
            "lastActivatedAt": image.last_activated_at,
        }
        return {name: value for name, value in detail.items() if value is not None}


def scan_status(image: StoredImage) -> Body:
    """Return the state of the basic scan of `image`: everything that can be scanned was scanned, without a finding."""
    if image.status == ARCHIVED:
        return {"status": "IMAGE_ARCHIVED", "description": "The image is archived and cannot be scanned."}
    if "layers" not in json.loads(image.image_manifest) or subject_of(image):
        return {"status": "UNSUPPORTED_IMAGE", "description": "The image is of a type that cannot be scanned."}
    if (image.get_image_size_in_bytes() or 0) > LARGEST_SCANNED:
        return {"status": "IMAGE_SIZE_EXCEEDED", "description": "The image is too large to be scanned."}
    return {"status": "COMPLETE", "description": "The scan was completed successfully."}


def subject_of(image: Image) -> str | None:
    """Return the digest of the image that `image` is about, as a signature is; `None` where it is about none."""
    subject = json.loads(image.image_manifest).get("subject") or {}
    digest = subject.get("digest")
    return digest if isinstance(digest, str) else None


def artifact_type(manifest: Mapping[str, Any]) -> str | None:
    """Return the media type of what a manifest holds: its artifact type, or that of its configuration."""
    kind = manifest.get("artifactType") or (manifest.get("config") or {}).get("mediaType")
    return kind if isinstance(kind, str) else None


def _stored(image: Image) -> StoredImage:
    assert isinstance(image, StoredImage)  # noqa: S101  the store makes no others
    return image


def _with_status(repository: Repository, narrowed: Mapping[str, str], key: str) -> list[StoredImage]:
    """Return the images of a filter; one without a status is for the active images."""
    status, tags = narrowed.get(key, ACTIVE), narrowed.get("tagStatus", ANY)
    return [
        image
        for image in map(_stored, repository.images)
        if status in {ANY, image.status} and tags in {ANY, "TAGGED" if image.image_tags else "UNTAGGED"}
    ]


def _image_ids(image: StoredImage) -> list[dict[str, str]]:
    digest = {"imageDigest": image.image_digest}
    return [{**digest, "imageTag": tag} for tag in image.image_tags] or [digest]


def _referrer(image: StoredImage) -> Body:
    manifest = json.loads(image.image_manifest)
    referrer = {
        "digest": image.image_digest,
        "mediaType": image.image_manifest_media_type,
        "artifactType": artifact_type(manifest),
        "size": len(image.image_manifest.encode()),
        "annotations": manifest.get("annotations"),
        "artifactStatus": image.status,
    }
    return {name: value for name, value in referrer.items() if value is not None}


def _page(body: Body, entries: list[Any]) -> tuple[list[Any], dict[str, str]]:
    """Return the page of `entries` that a request names, and the token of the next one, if any."""
    size = min(body.get("maxResults", _PAGE), _LARGEST_PAGE)
    start = int(body.get("nextToken", "0"))
    more = {"nextToken": str(start + size)} if start + size < len(entries) else {}
    return entries[start : start + size], more
