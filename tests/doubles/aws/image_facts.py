"""What the double of ECR's images (`images`) knows of an image: how it is found, filtered and described."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, cast

from moto.ecr import exceptions
from moto.ecr.models import Image

from tests.doubles.aws import lifecycle_preview

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moto.ecr.models import Repository

    Body = dict[str, Any]

_PAGE = 100


class EcrRefusal(exceptions.ValidationException):
    """An error of ECR by its code."""

    # moto reads from the module of the exception which service it belongs to.
    __module__ = exceptions.__name__

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


class StrictImage(Image):
    """An image with the facts that moto does not keep; tests may set them.

    `scan` is the state of its scan and the number of findings by severity; no state for one that was never scanned.
    """

    def __init__(self, repository: Repository, manifest: str, media_type: str, digest: str) -> None:
        super().__init__(repository.account_id, "", manifest, repository.name, media_type, digest)
        self.image_tags = []
        self.pushed = dt.datetime.now(dt.UTC)
        self.image_status = "ACTIVE"
        self.last_archived_at: dt.datetime | None = None
        self.last_activated_at: dt.datetime | None = None
        self.last_recorded_pull_time: dt.datetime | None = None
        self.scan: tuple[str, dict[str, int]] = ("", {})

    def archive(self) -> None:
        """Move it to the archive."""
        self.image_status, self.last_archived_at = "ARCHIVED", dt.datetime.now(dt.UTC)

    def restore(self) -> None:
        """Bring it back from the archive."""
        self.image_status, self.last_activated_at = "ACTIVE", dt.datetime.now(dt.UTC)


def images_of(repository: Repository) -> list[StrictImage]:
    """Return moto's own list of the images of `repository`."""
    return cast("list[StrictImage]", repository.images)


def subject_of(manifest: Body) -> str | None:
    """Return the digest of the image that a manifest refers to; `None` for an ordinary image."""
    return (manifest.get("subject") or {}).get("digest")


def filtered(repository: Repository, asked: Body) -> list[StrictImage]:
    """Return the images with the tags and the status that the filter asks for."""
    tags, status = asked.get("tagStatus", "ANY"), asked.get("imageStatus", "ACTIVE")
    return [
        image
        for image in images_of(repository)
        if tags in ("ANY", "TAGGED" if image.image_tags else "UNTAGGED") and status in ("ANY", image.image_status)
    ]


def page_of(rows: list[Any], body: Body) -> tuple[list[Any], Body]:
    """Return the rows of the page that a request asks for, and the token of the next one."""
    start = int(body.get("nextToken") or 0)
    end = start + int(body.get("maxResults") or _PAGE)
    return rows[start:end], {"nextToken": str(end)} if end < len(rows) else {}


def find(repository: Repository, wanted: Body) -> StrictImage | None:
    """Return the image of an image id; `None` when there is none."""
    return next((image for image in images_of(repository)
                 if wanted.get("imageDigest", image.image_digest) == image.image_digest
                 and ("imageTag" not in wanted or wanted["imageTag"] in image.image_tags)), None)  # fmt: skip


def required(repository: Repository, wanted: Body) -> StrictImage:
    """Return the image of an image id. Raises `ImageNotFoundException`."""
    image = find(repository, wanted)
    if image is None:
        raise exceptions.ImageNotFoundException(str(wanted), repository.name, repository.registry_id)
    return image


def parts(manifest: Body) -> set[str]:
    """Return the digests that a manifest lists, if it is an index."""
    return {part["digest"] for part in manifest.get("manifests") or ()}


def _size(repository: Repository, image: Image) -> int:
    manifest = json.loads(image.image_manifest)
    inner = [part for part in images_of(repository) if part.image_digest in parts(manifest)]
    # "If the image is a manifest list, this will be the max size of all manifests in the list."
    own: int = sum(layer.get("size", 0) for layer in manifest.get("layers") or ())
    return max([own, *(_size(repository, part) for part in inner)])


def listed(repository: Repository) -> set[str]:
    """Return the digests that any index of the repository lists."""
    return {digest for image in images_of(repository) for digest in parts(json.loads(image.image_manifest))}


def detail(repository: Repository, image: StrictImage) -> Body:
    """Return an image as `DescribeImages` describes it."""
    manifest = json.loads(image.image_manifest)
    artifact = manifest.get("artifactType") or (manifest.get("config") or {}).get("mediaType")
    facts = {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageDigest": image.image_digest,
        "imageTags": [*image.image_tags] or None,
        "imageSizeInBytes": _size(repository, image),
        "imagePushedAt": image.pushed,
        "imageManifestMediaType": image.image_manifest_media_type,
        "artifactMediaType": artifact,
        "lastRecordedPullTime": image.last_recorded_pull_time,
        "subjectManifestDigest": subject_of(manifest),
        "imageStatus": image.image_status,
        "lastArchivedAt": image.last_archived_at,
        "lastActivatedAt": image.last_activated_at,
    }
    return {name: value for name, value in facts.items() if value is not None}


def referrer(image: StrictImage, manifest: Body) -> Body:
    """Return an image as `ListImageReferrers` describes it."""
    facts = {
        "digest": image.image_digest,
        "mediaType": image.image_manifest_media_type,
        "artifactType": manifest.get("artifactType") or (manifest.get("config") or {}).get("mediaType") or "",
        "size": len(image.image_manifest.encode()),
        "annotations": manifest.get("annotations"),
        "artifactStatus": image.image_status,
    }
    return {name: value for name, value in facts.items() if value is not None}


def stored(repository: Repository, image: StrictImage, wanted: Body) -> Body:
    """Return an image as `BatchGetImage` and `PutImage` describe it."""
    tag = {"imageTag": wanted["imageTag"]} if "imageTag" in wanted else {}
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.image_digest, **tag},
        "imageManifest": image.image_manifest,
        "imageManifestMediaType": image.image_manifest_media_type,
    }


def failure(wanted: Body, code: str, reason: str) -> Body:
    """Return a failure of `BatchGetImage` or `BatchDeleteImage`."""
    return {"imageId": wanted, "failureCode": code, "failureReason": reason}


def may_move(repository: Repository, tag: str) -> bool:
    """Tell whether a tag of the repository may move to another image."""
    filters: Iterable[Any] = repository.image_tag_mutability_exclusion_filters or []
    excluded = any(lifecycle_preview.matches(one["filter"], tag) for one in filters)
    return excluded if repository.is_tag_immutable() else not excluded
