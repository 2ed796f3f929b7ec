"""ECR's control plane: the calls about images and logins are implemented here, moto has the others.

Error codes and wording: Amazon ECR API reference, and botocore's service model for the shapes.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from goldenpath.local.aws.ecr_store import (
    ACTIVE,
    EcrStore,
    PutManifest,
    StoredImage,
    find_image,
    image_by_tag,
    may_overwrite,
)
from goldenpath.local.aws.images import ImageListing
from goldenpath.local.responses import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from moto.ecr.models import Image, Repository

    from goldenpath.local.aws.principals import Logins, Principal

Body = dict[str, Any]
_NOT_SUPPORTED = {"InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "GetDownloadUrlForLayer"}


class EcrApi:
    """The control plane of one registry; `front` is the host and port that clients push to.

    Its registry signs nothing, records the pulls of everybody, and mounts no blobs: the defaults of ECR.
    """

    def __init__(self, store: EcrStore, logins: Logins, front: str) -> None:
        self._store = store
        self._logins = logins
        self._front = front
        self._images = ImageListing(store)
        self.operations: dict[str, Callable[[Body, Principal], Body | None]] = {
            "GetAuthorizationToken": self._get_authorization_token,
            "PutImage": self._put_image,
            "BatchGetImage": self._batch_get_image,
            "BatchDeleteImage": self._batch_delete_image,
            "BatchCheckLayerAvailability": self._batch_check_layer_availability,
            "DescribeImages": lambda body, _: self._images.describe(body, self._repository(body)),
            "ListImages": lambda body, _: self._images.list_ids(body, self._repository(body)),
            "ListImageReferrers": lambda body, _: self._images.list_referrers(body, self._repository(body)),
            "UpdateImageStorageClass": lambda body, _: self._images.move(body, self._repository(body)),
            "GetSigningConfiguration": self._get_signing_configuration,
            "StartImageScan": self._start_image_scan,
        }

    def respond(self, operation: str, body: Body, principal: Principal) -> Body | None:
        """Return the response to `operation`; `None` when moto has to give it. Raises `AwsError`."""
        self._authorize(operation, body, principal)
        if operation in _NOT_SUPPORTED:
            message = f"{operation} is not part of the local emulator: push through the registry's own API"
            raise AwsError(500, "ServerException", message)
        with self._store.lock:
            handler = self.operations.get(operation)
            return handler(body, principal) if handler else None

    def pushed(self, repository: Repository, image: Image, principal: Principal) -> None:
        """Do what a registry does with an image that `principal` has just pushed: nothing."""

    def records_pulls_of(self, principal: Principal) -> bool:  # noqa: ARG002  a registry may leave some out
        """Tell whether a pull by `principal` is recorded."""
        return True

    def mounts(self, query: Mapping[str, Sequence[str]], target: Repository, principal: Principal) -> bool:  # noqa: ARG002
        """Tell whether the blob that the `query` of a request names may be taken over into `target`."""
        return False

    def forget(self, name: str) -> None:
        """Remove from the registry the manifests of a repository that the control plane has just deleted."""
        for digest in self._store.registry.manifests(name):
            self._store.registry.remove(name, digest)

    def localized(self, value: Any) -> Any:  # noqa: ANN401  any JSON value
        """Return a response of moto, with the address of our registry in every `repositoryUri`."""
        if isinstance(value, list):
            return [self.localized(item) for item in value]
        if not isinstance(value, dict):
            return value
        fields = {name: self.localized(content) for name, content in value.items()}
        if isinstance(uri := fields.get("repositoryUri"), str):
            fields["repositoryUri"] = f"{self._front}/{uri.partition('/')[2]}"
        return fields

    def _authorize(self, operation: str, body: Body, principal: Principal) -> None:
        names = [body["repositoryName"]] if "repositoryName" in body else body.get("repositoryNames") or ()
        resources = [self._store.arn(name) for name in names] or [body.get("resourceArn", "*")]
        # Amazon ECR API reference, ListImageReferrers: whoever calls it needs the permission of BatchGetImage.
        action = "BatchGetImage" if operation == "ListImageReferrers" else operation
        for resource in resources:
            if refusal := principal.refusal(f"ecr:{action}", resource):
                raise AwsError(400, "AccessDeniedException", refusal)

    def _repository(self, body: Body) -> Repository:
        name, account = body.get("repositoryName", ""), self._store.account
        repository = self._store.find(name)
        if repository is None or body.get("registryId", account) != account:
            message = (
                f"The repository with name '{name}' does not exist in the registry with id "
                f"'{body.get('registryId', account)}'"
            )
            raise AwsError(400, "RepositoryNotFoundException", message)
        return repository

    def _get_authorization_token(self, _: Body, principal: Principal) -> Body:
        login = self._logins.issue(principal)
        granted = {
            "authorizationToken": login.token,
            "expiresAt": login.expires.timestamp(),
            "proxyEndpoint": f"http://{self._front}",
        }
        return {"authorizationData": [granted]}

    def _get_signing_configuration(self, _: Body, __: Principal) -> Body:
        message = f"The signing configuration does not exist in the registry with id '{self._store.account}'"
        raise AwsError(400, "SigningConfigurationNotFoundException", message)

    def _put_image(self, body: Body, principal: Principal) -> Body:
        repository = self._repository(body)
        manifest = PutManifest(body["imageManifest"].encode(), body.get("imageManifestMediaType") or _media_type(body))
        tag = body.get("imageTag")
        if body.get("imageDigest", manifest.digest) != manifest.digest:
            raise AwsError(400, "ImageDigestDoesNotMatchException", "The image digest does not match the manifest")
        self._refuse_overwriting(repository, manifest, tag)
        path = f"/v2/{repository.name}/manifests/{quote(tag or manifest.digest, safe=':')}"
        headers = {"Content-Type": manifest.media_type}
        reply = self._store.registry.ask("PUT", path, headers=headers, body=manifest.content)
        if reply.status != HTTPStatus.CREATED:
            code = "LayersNotFoundException" if b"BLOB_UNKNOWN" in reply.body else "InvalidParameterException"
            raise AwsError(400, code, reply.body.decode("utf-8", "replace"))
        image = self._store.record(repository, manifest, tag)
        self.pushed(repository, image, principal)
        return {"image": self._described(image, {"imageTag": tag} if tag else {})}

    def _refuse_overwriting(self, repository: Repository, manifest: PutManifest, tag: str | None) -> None:
        tagged = image_by_tag(repository, tag) if tag else None
        if tagged is None:
            return
        if tagged.image_digest == manifest.digest:
            message = (
                f"Image with digest '{manifest.digest}' and tag '{tag}' already exists in the repository with name "
                f"'{repository.name}' in registry with id '{self._store.account}'"
            )
            raise AwsError(400, "ImageAlreadyExistsException", message)
        if not may_overwrite(repository, tag or ""):
            raise AwsError(400, "ImageTagAlreadyExistsException", immutable_message(repository.name, tag or ""))

    def _batch_get_image(self, body: Body, principal: Principal) -> Body:
        repository = self._repository(body)
        images, failures = [], []
        for wanted in body.get("imageIds", ()):
            image = find_image(repository, wanted)
            if image and is_pullable(image):
                if self.records_pulls_of(principal):
                    self._store.record_pull(repository, wanted)
                images.append(self._described(image, wanted))
            else:
                failures.append(_failure(wanted, "ImageNotFound", "Requested image not found"))
        return {"images": images, "failures": failures}

    def _batch_delete_image(self, body: Body, _: Principal) -> Body:
        repository = self._repository(body)
        gone: list[dict[str, str]] = []
        failures = []
        for wanted in body.get("imageIds", ()):
            try:
                gone += self._store.remove(repository, wanted)
            except LookupError as error:
                failures.append(_failure(wanted, *error.args))
        return {"imageIds": gone, "failures": failures}

    def _batch_check_layer_availability(self, body: Body, _: Principal) -> Body:
        repository = self._repository(body)
        layers: list[Body] = []
        failures: list[Body] = []
        for digest in body.get("layerDigests", ()):
            reply = self._store.registry.ask("HEAD", f"/v2/{repository.name}/blobs/{quote(digest, safe=':')}")
            if reply.status == HTTPStatus.OK:
                size = int(reply.headers.get("content-length", "0"))
                layers.append({"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": size})
            else:
                reason = f"Layer digest '{digest}' could not be found"
                failures.append({"layerDigest": digest, "failureCode": "MissingLayerDigest", "failureReason": reason})
        return {"layers": layers, "failures": failures}

    def _start_image_scan(self, body: Body, _: Principal) -> None:
        """Refuse to scan an archived image; moto does the rest."""
        image = find_image(self._repository(body), body["imageId"])
        if image and not is_pullable(image):
            raise AwsError(400, "ImageArchivedException", "The specified image is archived and cannot be scanned.")

    def _described(self, image: Image, image_id: Body) -> Body:
        return {
            "registryId": self._store.account,
            "repositoryName": image.repository_name,
            "imageId": {
                "imageDigest": image.image_digest,
                **({"imageTag": t} if (t := image_id.get("imageTag")) else {}),
            },
            "imageManifest": image.image_manifest,
            "imageManifestMediaType": image.image_manifest_media_type,
        }


def is_pullable(image: Image) -> bool:
    """Tell whether an image can be pulled: one that is archived, or is still being restored, cannot."""
    return not isinstance(image, StoredImage) or image.status == ACTIVE


def immutable_message(repository: str, tag: str) -> str:
    """Return ECR's message for a tag that may not be overwritten."""
    return (
        f"The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten because "
        "the tag is immutable."
    )


def _failure(wanted: Body, code: str, reason: str) -> Body:
    return {"imageId": wanted, "failureCode": code, "failureReason": reason}


def _media_type(body: Body) -> str:
    try:
        media_type = json.loads(body["imageManifest"]).get("mediaType")
    except (ValueError, AttributeError):
        media_type = None
    if not isinstance(media_type, str):
        raise AwsError(
            400, "InvalidParameterException", "image manifest mediatype not provided in manifest or parameter"
        )
    return media_type
