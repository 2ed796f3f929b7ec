"""A double, for tests only: the control plane of `goldenpath local`, with settings of a registry.

ECR signs what is pushed, leaves pulls of some principals out of its records, and mounts blobs, where a setting says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.local.aws.ecr import EcrApi
from goldenpath.local.aws.ecr_store import StoredImage, find_image
from goldenpath.local.responses import AwsError
from tests.doubles.aws.emulated_settings import RegistrySettings
from tests.doubles.aws.managed_signing import ManagedSigner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from moto.ecr.models import Image, Repository

    from goldenpath.local.aws.ecr import Body
    from goldenpath.local.aws.ecr_store import EcrStore
    from goldenpath.local.aws.principals import Logins, Principal


class EcrApiDouble(EcrApi):
    """The control plane, with settings that its own calls set."""

    def __init__(self, store: EcrStore, logins: Logins, front: str) -> None:
        super().__init__(store, logins, front)
        self._settings = RegistrySettings(store.account)
        self._signer = ManagedSigner(store, self._settings)
        self.operations |= {name: _of_registry(call) for name, call in self._settings.operations.items()}
        self.operations["DescribeImageSigningStatus"] = self._describe_image_signing_status

    def pushed(self, repository: Repository, image: Image, principal: Principal) -> None:
        """Sign an image, by the rules of the registry."""
        self._signer.pushed(repository, image, principal)

    def records_pulls_of(self, principal: Principal) -> bool:
        """Tell whether no setting leaves `principal` out."""
        return not self._settings.is_excluded(principal.arn)

    def mounts(self, query: Mapping[str, Sequence[str]], target: Repository, principal: Principal) -> bool:
        """Tell whether a blob may be taken over into `target`. (Amazon ECR, "blob mounting", an account setting.)

        Both repositories must be encrypted in the same way with the same key, and the caller must be allowed to read
        the source.
        """
        sources = query.get("from", [])
        if not self._settings.mounts_blobs or "mount" not in query or len(sources) != 1:
            return False
        source = self._store.find(sources[0])
        refusal = principal.refusal("ecr:BatchCheckLayerAvailability", self._store.arn(sources[0]))
        return source is not None and not refusal and source.encryption_configuration == target.encryption_configuration

    def _describe_image_signing_status(self, body: Body, _: Principal) -> Body:
        repository, image_id = self._repository(body), body["imageId"]
        image = find_image(repository, image_id)
        if not isinstance(image, StoredImage):
            raise AwsError(400, "ImageNotFoundException", f"The image {image_id} does not exist in {repository.name}")
        return {
            "registryId": self._store.account,
            "repositoryName": repository.name,
            "imageId": {**image_id, "imageDigest": image.image_digest},
            "signingStatuses": self._signer.statuses(image),
        }


def _of_registry(call: Callable[[Body], Any]) -> Callable[[Body, Principal], Any]:
    return lambda body, _: call(body)
