"""A double, for tests only, of ECR's managed signing.

Every push to a repository that a rule matches is signed, with the rights of the pusher. The signature is an artifact
with the image as its subject, in the same repository. It is stored at once, and only its status takes a question
longer. Its envelope is not a real one, and the `failureCode` of a signature that the pusher may not make is our guess:
ECR's documents name none. Source: Amazon ECR user guide, "Managed signing"; the form of the artifact: Notary Project
specification, "Signature manifest".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from goldenpath.local.aws.ecr_store import PutManifest, StoredImage, image_by_digest
from goldenpath.local.aws.images import subject_of
from goldenpath.shared import oci
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from moto.ecr.models import Image, Repository

    from goldenpath.local.aws.ecr_store import EcrStore
    from goldenpath.local.aws.principals import Principal
    from goldenpath.local.aws.registry_process import RegistryProcess
    from tests.doubles.aws.emulated_settings import RegistrySettings

Body = dict[str, Any]
SIGNATURE = "application/vnd.cncf.notary.signature"
_ACTIONS = ("signer:GetSigningProfile", "signer:SignPayload")
_EMPTY = b"{}"


class ManagedSigner:
    """Signs what is pushed. A status is `IN_PROGRESS` until it was read once: the real one takes its time."""

    def __init__(self, store: EcrStore, settings: RegistrySettings) -> None:
        self._store = store
        self._settings = settings
        # By image: the status of each profile, and the profiles whose status nobody read since the push.
        self._statuses: dict[StoredImage, dict[str, dict[str, str]]] = {}
        self._unread: dict[StoredImage, set[str]] = {}

    def pushed(self, repository: Repository, image: Image, principal: Principal) -> None:
        """Sign `image`, which `principal` has just pushed, with the profile of every rule that matches."""
        if subject_of(image) or not isinstance(image, StoredImage):
            return
        statuses, unread = self._statuses.setdefault(image, {}), self._unread.setdefault(image, set())
        for profile in self._settings.signing_profiles(repository.name):
            if statuses.get(profile, {}).get("status") == "COMPLETE":
                continue
            refusals = [reason for action in _ACTIONS if (reason := principal.refusal(action, profile))]
            statuses[profile] = (
                {"status": "FAILED", "failureCode": "AccessDeniedException", "failureReason": refusals[0]}
                if refusals
                else {"status": "COMPLETE"}
            )
            unread.add(profile)
            if not refusals:
                self._store_signature(repository, image, profile)

    def statuses(self, image: StoredImage) -> list[Body]:
        """Return the status of `image` for each profile, as DescribeImageSigningStatus does."""
        unread = self._unread.pop(image, set())
        return [
            {"signingProfileArn": profile, **({"status": "IN_PROGRESS"} if profile in unread else status)}
            for profile, status in self._statuses.get(image, {}).items()
        ]

    def _store_signature(self, repository: Repository, image: StoredImage, profile: str) -> None:
        envelope = f"signature of {image.image_digest} with {profile}".encode()
        described = [_store_blob(self._store.registry, repository.name, content) for content in (_EMPTY, envelope)]
        manifest = {
            "schemaVersion": 2,
            "mediaType": oci.MANIFEST,
            "config": {"mediaType": SIGNATURE, **described[0]},
            "layers": [{"mediaType": "application/jose+json", **described[1]}],
            "subject": {
                "mediaType": image.image_manifest_media_type,
                "digest": image.image_digest,
                "size": len(image.image_manifest.encode()),
            },
        }
        put = PutManifest(json.dumps(manifest).encode(), oci.MANIFEST)
        if image_by_digest(repository, Digest.of(put.content)) is None:
            path = f"/v2/{repository.name}/manifests/{put.digest}"
            self._store.registry.ask("PUT", path, headers={"Content-Type": put.media_type}, body=put.content)
            self._store.record(repository, put, None)


def _store_blob(registry: RegistryProcess, repository: str, content: bytes) -> dict[str, str | int]:
    """Store a small blob, and return its digest and size as a manifest names them."""
    digest = Digest.of(content)
    begun = registry.ask("POST", f"/v2/{repository}/blobs/uploads/")
    place = begun.headers.get("location", "").partition("/v2/")[2]
    registry.ask("PUT", f"/v2/{place}{'&' if '?' in place else '?'}digest={quote(digest)}", body=content)
    return {"digest": digest, "size": len(content)}
