"""A double of ECR's images: moto's backend, as strict as ECR is by its API reference and user guide.

    with installed(): …        moto is strict while the block lasts (its server and `mock_aws` alike)

What is strict here and not in moto: the status of an image (archived, being restored) and its filter; pages; digests
that are those of the manifests; images that lose their tag and stay; tags that may not move; an index that keeps its
parts; referrers; pulls that are recorded; states of scans; lifecycle policies (`lifecycle_rules`) and their preview
(`lifecycle_preview`).

Every response is checked against botocore's service description. Differences to ECR that remain:
- A restored image is ACTIVE at once, and never ACTIVATING for up to 20 minutes; a test sets `image_status` itself.
- `lastRecordedPullTime` changes with every pull; ECR records at most one a day, and none of excluded roles.
- ECR scans in the background, and on push. Here a scan that is started is complete, with one finding; otherwise it
  has the state and the findings that a test gives the image (`scan`).
- Nothing acts on a lifecycle policy: `lifecycle_preview` says what would go, and is complete at once.
- A manifest may name layers that are not there (`LayersNotFoundException` is not raised).
- `DescribeImages` with `imageIds` finds archived images without a filter. AWS documents neither that nor the contrary.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock
from weakref import WeakKeyDictionary

from moto.core.responses import ActionResult
from moto.ecr import exceptions, models
from moto.ecr.responses import ECRResponse

from tests.doubles.aws import image_facts as facts
from tests.doubles.aws import lifecycle_preview, lifecycle_rules, shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from moto.ecr.models import ECRBackend, Repository

    Body = dict[str, Any]

# Held here, because what nobody holds ends.
_FOR_GOOD = ExitStack()
# The policy of the last preview of a repository.
_PREVIEWS: WeakKeyDictionary[Repository, str] = WeakKeyDictionary()


@contextmanager
def installed() -> Iterator[None]:
    """Let moto answer for ECR's images as this module describes, while the block lasts."""
    served: dict[str, Any] = {name: _served(act) for name, act in _OPERATIONS.items()}
    policies = mock.patch.object(models, "EcrLifecyclePolicyValidator", _PolicyCheck)
    with policies, mock.patch.multiple(ECRResponse, create=True, **served):
        yield


def install() -> None:
    """Do the same for as long as the process lives."""
    _FOR_GOOD.enter_context(installed())


def _served(act: Callable[[Repository, Body], Body]) -> Callable[[ECRResponse], ActionResult]:
    name = "".join(word.capitalize() for word in act.__name__.split("_"))

    @functools.wraps(act)
    def respond(response: ECRResponse) -> ActionResult:
        body = {key: value for key in shapes.operation(name).input_shape.members  # type: ignore[union-attr]
                if (value := response._get_param(key)) is not None}  # noqa: SLF001  # fmt: skip
        if wrong := shapes.wrong_values(name, body):
            raise facts.EcrRefusal("InvalidParameterException", "; ".join(wrong))
        repository = _repository(response.ecr_backend, body)
        return ActionResult(shapes.checked(name, act(repository, body)))

    return respond


def _repository(backend: ECRBackend, body: Body) -> Repository:
    repository = backend.repositories.get(body["repositoryName"])
    if repository is None or body.get("registryId", repository.registry_id) != repository.registry_id:
        raise exceptions.RepositoryNotFoundException(
            body["repositoryName"], body.get("registryId") or backend.account_id
        )
    return repository


def describe_images(repository: Repository, body: Body) -> Body:
    """Return images with the status that the filter asks for: by default those that are ACTIVE."""
    if "imageIds" in body:
        if "maxResults" in body or "nextToken" in body:
            raise facts.EcrRefusal("InvalidParameterException", "maxResults and nextToken cannot be used with imageIds")
        return {
            "imageDetails": [
                facts.detail(repository, facts.required(repository, wanted)) for wanted in body["imageIds"]
            ]
        }
    page, more = facts.page_of(facts.filtered(repository, body.get("filter", {})), body)
    return {"imageDetails": [facts.detail(repository, image) for image in page], **more}


def list_images(repository: Repository, body: Body) -> Body:
    """Return a pair of digest and tag for every tag, and the digest for an image without one."""
    identities = [
        {"imageDigest": image.image_digest, **tag}
        for image in facts.filtered(repository, body.get("filter", {}))
        for tag in ([{"imageTag": tag} for tag in image.image_tags] or [{}])
    ]
    page, more = facts.page_of(identities, body)
    return {"imageIds": page, **more}


def list_image_referrers(repository: Repository, body: Body) -> Body:
    """Return what has the image as its subject: by default what is ACTIVE."""
    subject, asked = body["subjectId"]["imageDigest"], body.get("filter", {})
    found = [
        facts.referrer(image, manifest)
        for image in facts.images_of(repository)
        if facts.subject_of(manifest := json.loads(image.image_manifest)) == subject
        and asked.get("artifactStatus", "ACTIVE") in ("ANY", image.image_status)
    ]
    wanted = asked.get("artifactTypes")
    page, more = facts.page_of([one for one in found if not wanted or one["artifactType"] in wanted], body)
    return {"referrers": page, **more}


def update_image_storage_class(repository: Repository, body: Body) -> Body:
    """Archive an image, or restore it. An image that has that class already is refused."""
    image, archive = facts.required(repository, body["imageId"]), body["targetStorageClass"] == "ARCHIVE"
    if archive is (image.image_status == "ARCHIVED"):
        raise facts.EcrRefusal(
            "ImageStorageClassUpdateNotSupportedException", "The image has that storage class already"
        )
    image.archive() if archive else image.restore()
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.image_digest},
        "imageStatus": image.image_status,
    }


def put_image(repository: Repository, body: Body) -> Body:
    """Store a manifest, or give a stored one another tag. An archived image that is pushed again is restored."""
    text, tag = body["imageManifest"], body.get("imageTag")
    manifest = json.loads(text)
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    if body.get("imageDigest", digest) != digest:
        raise facts.EcrRefusal("ImageDigestDoesNotMatchException", "The digest is not that of the manifest")
    missing = facts.parts(manifest) - {image.image_digest for image in facts.images_of(repository)}
    if missing:
        raise facts.EcrRefusal("ReferencedImagesNotFoundException", f"Referenced images are missing: {sorted(missing)}")
    image = facts.find(repository, {"imageDigest": digest})
    named = facts.find(repository, {"imageTag": tag}) if tag else None
    if image and named is image and image.image_status == "ACTIVE":
        raise exceptions.ImageAlreadyExistsException(repository.registry_id, str(tag), digest, repository.name)
    if named and named is not image and not facts.may_move(repository, str(tag)):
        raise facts.EcrRefusal(
            "ImageTagAlreadyExistsException", f"The tag {tag} exists and the repository is immutable"
        )
    if image is None:
        media_type = body.get("imageManifestMediaType") or manifest.get("mediaType")
        image = facts.StrictImage(repository, text, media_type, digest)
        repository.images.append(image)
    elif image.image_status == "ARCHIVED":
        image.restore()
    if tag:
        for other in facts.images_of(repository):
            other.remove_tag(tag)
        image.update_tag(tag)
    return {"image": facts.stored(repository, image, {"imageTag": tag} if tag else {})}


def batch_get_image(repository: Repository, body: Body) -> Body:
    """Return manifests, and record that they were pulled. Archived images cannot be pulled."""
    images, failures = [], []
    for wanted in body["imageIds"]:
        image = facts.find(repository, wanted)
        if image and image.image_status == "ACTIVE":
            image.last_recorded_pull_time = dt.datetime.now(dt.UTC)
            images.append(facts.stored(repository, image, wanted))
        else:
            failures.append(facts.failure(wanted, "ImageNotFound", "Requested image not found"))
    return {"images": images, "failures": failures}


def batch_delete_image(repository: Repository, body: Body) -> Body:
    """Delete tags, and images with their last tag or by digest; not what an index that is there refers to."""
    gone: list[Body] = []
    failures: list[Body] = []
    for wanted in body["imageIds"]:
        image = facts.find(repository, wanted)
        if image is None:
            failures.append(facts.failure(wanted, "ImageNotFound", "Requested image not found"))
        elif (tag := wanted.get("imageTag")) and "imageDigest" not in wanted and image.image_tags != [tag]:
            image.remove_tag(tag)
            gone.append({"imageDigest": image.image_digest, "imageTag": tag})
        elif image.image_digest in facts.listed(repository):
            reason = "Requested image referenced by manifest list"
            failures.append(facts.failure(wanted, "ImageReferencedByManifestList", reason))
        else:
            repository.images.remove(image)
            tags = [{"imageTag": tag} for tag in image.image_tags] or [{}]
            gone += [{"imageDigest": image.image_digest, **tag} for tag in tags]
    return {"imageIds": gone, "failures": failures}


def describe_image_scan_findings(repository: Repository, body: Body) -> Body:
    """Return the state of a scan; its findings only when it has come to an end or goes on for good."""
    image = facts.required(repository, body["imageId"])
    status, counts = image.scan
    if not status:
        raise exceptions.ScanNotFoundException(image.image_digest, repository.name, repository.registry_id)
    ended = status in ("COMPLETE", "ACTIVE")
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.image_digest},
        "imageScanStatus": {"status": status, "description": f"The scan is {status}"},
        **({"imageScanFindings": {"findingSeverityCounts": counts}} if ended else {}),
    }


class _PolicyCheck:
    """Stands where moto has its own, which knows no archive; the rest of `PutLifecyclePolicy` stays moto's."""

    def __init__(self, text: str) -> None:
        self._text = text

    def validate(self) -> None:
        _refuse_policy(self._text)


def start_image_scan(repository: Repository, body: Body) -> Body:
    """Scan an image that was not scanned today; the scan is complete at once, and finds one thing."""
    image = facts.required(repository, body["imageId"])
    if image.image_status == "ARCHIVED":
        raise facts.EcrRefusal("ImageArchivedException", "The image is archived and cannot be scanned")
    if image.scan[0]:
        raise exceptions.LimitExceededException
    image.scan = ("COMPLETE", {"HIGH": 1})
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.image_digest},
        "imageScanStatus": {"status": "IN_PROGRESS"},
    }


def start_lifecycle_policy_preview(repository: Repository, body: Body) -> Body:
    """Start a preview of the given policy, else of the repository's own."""
    text = body.get("lifecyclePolicyText") or repository.lifecycle_policy
    if not text:
        raise facts.EcrRefusal("LifecyclePolicyNotFoundException", "The repository has no lifecycle policy")
    _refuse_policy(text)
    _PREVIEWS[repository] = text
    return {**_preview_of(repository), "status": "IN_PROGRESS"}


def get_lifecycle_policy_preview(repository: Repository, body: Body) -> Body:
    """Return what the policy of the last preview would expire or archive."""
    if repository not in _PREVIEWS:
        raise facts.EcrRefusal("LifecyclePolicyPreviewNotFoundException", "There is no preview")
    images = [facts.detail(repository, image) for image in facts.images_of(repository)]
    results = lifecycle_preview.results(
        _PREVIEWS[repository], images, facts.listed(repository), dt.datetime.now(dt.UTC)
    )
    page, more = facts.page_of(results, body)
    expiring = sum(result["action"]["type"] == "EXPIRE" for result in results)
    archived = [{"targetStorageClass": "ARCHIVE", "imageTotalCount": len(results) - expiring}]
    summary = {"expiringImageTotalCount": expiring, "transitioningImageTotalCounts": archived}
    return {**_preview_of(repository), "status": "COMPLETE", "previewResults": page, "summary": summary, **more}


def _refuse_policy(text: str) -> None:
    if wrong := lifecycle_rules.mistakes(text):
        raise facts.EcrRefusal("InvalidParameterException", "; ".join(wrong))


def _preview_of(repository: Repository) -> Body:
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "lifecyclePolicyText": _PREVIEWS[repository],
    }


_OPERATIONS: dict[str, Callable[[Repository, Body], Body]] = {
    act.__name__: act
    for act in (
        describe_images, list_images, list_image_referrers, update_image_storage_class, put_image, batch_get_image,
        batch_delete_image, start_image_scan, describe_image_scan_findings, start_lifecycle_policy_preview,
        get_lifecycle_policy_preview,
    )
}  # fmt: skip
