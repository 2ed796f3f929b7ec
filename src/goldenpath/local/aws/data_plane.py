"""Parse a request to the registry, and decide whether ECR's data plane would allow it. This module does no I/O.

Paths: OCI Distribution Specification 1.1, "Endpoints". Permissions: Amazon ECR user guide, "IAM permissions for pushing
an image". Refusals have ECR's codes and messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from goldenpath.local.aws import policies
from goldenpath.local.aws.ecr import immutable_message, is_pullable
from goldenpath.local.aws.ecr_store import find_image, image_by_tag, may_overwrite
from goldenpath.local.responses import AwsError

if TYPE_CHECKING:
    from moto.ecr.models import Repository

    from goldenpath.local.aws.ecr_store import EcrStore
    from goldenpath.local.aws.principals import EcrLogin, Logins, Principal

_PATH = re.compile(
    r"/v2/(?:(?P<repository>.+?)/(?:"
    r"(?P<tags>tags)/list|(?P<manifests>manifests)/(?P<reference>[^/]+)|"
    r"(?P<uploads>blobs/uploads)/?(?P<session>[^/]*)|(?P<blobs>blobs)/(?P<digest>[^/]+)))?"
)
_ACTIONS = {
    ("uploads", "POST"): "InitiateLayerUpload",
    ("uploads", "PATCH"): "UploadLayerPart",
    ("uploads", "PUT"): "CompleteLayerUpload",
    ("uploads", "GET"): "UploadLayerPart",
    ("blobs", "HEAD"): "BatchCheckLayerAvailability",
    ("blobs", "GET"): "GetDownloadUrlForLayer",
    ("manifests", "HEAD"): "BatchGetImage",
    ("manifests", "GET"): "BatchGetImage",
    ("manifests", "PUT"): "PutImage",
    ("tags", "GET"): "ListImages",
}


class RefusedError(AwsError):
    """A refusal of the data plane; its `code` is one of the OCI specification."""


@dataclass(frozen=True)
class Call:
    """A request to the registry: `kind` is `base`, `tags`, `manifests`, `blobs` or `uploads`.

    `reference` is the tag, digest or upload session that it names, if any.
    """

    method: str
    kind: str
    repository: str = ""
    reference: str = ""

    @classmethod
    def parse(cls, method: str, path: str) -> Call:
        """Parse the path of a request. Raises `RefusedError` when ECR's data plane lacks the path or the method."""
        path_match = _PATH.fullmatch(unquote(path.partition("?")[0]))
        if path_match is None:
            raise RefusedError(404, "NOT_FOUND", "There is nothing at this path.")
        parts = path_match.groupdict()
        kind = next((kind for kind in ("tags", "manifests", "uploads", "blobs") if parts[kind]), "base")
        call = cls(
            method,
            kind,
            parts["repository"] or "",
            parts["reference"] or parts["session"] or parts["digest"] or "",
        )
        if (kind, method) not in _ACTIONS and not (kind == "base" and method in {"GET", "HEAD"}):
            raise RefusedError(405, "UNSUPPORTED", "The operation is unsupported.")
        return call

    @property
    def action(self) -> str:
        """The IAM action that it needs, like `ecr:PutImage`."""
        return f"ecr:{_ACTIONS[self.kind, self.method]}"

    @property
    def tag(self) -> str | None:
        """The tag that a manifest is read or written under; `None` when it is addressed by digest."""
        by_tag = self.kind == "manifests" and not self.reference.startswith("sha256:")
        return self.reference if by_tag else None

    @property
    def image_id(self) -> dict[str, str]:
        """The image id in the form of ECR's API."""
        return {"imageTag" if self.tag else "imageDigest": self.reference}


class DataPlane:
    """Decides whether a call is forwarded to the registry."""

    def __init__(self, store: EcrStore, logins: Logins) -> None:
        self._store = store
        self._logins = logins

    def admit(self, call: Call, authorization: str) -> Repository | None:
        """Return the repository of an allowed call; `None` when the call names none. Raises `RefusedError`."""
        login = self._logged_in(authorization)
        if call.kind == "base":
            return None
        if reason := login.principal.refusal(call.action, self._store.arn(call.repository)):
            raise RefusedError(403, "DENIED", reason)
        repository = self._store.find(call.repository)
        if repository is None:
            message = (
                f"The repository with name '{call.repository}' does not exist in the registry with id "
                f"'{self._store.account}'"
            )
            raise RefusedError(404, "NAME_UNKNOWN", message)
        if _denied(repository, call.action):
            arn = self._store.arn(call.repository)
            message = (
                f"User: {login.principal.arn} is not authorized to perform: {call.action} on resource: {arn} with an "
                "explicit deny in a resource-based policy"
            )
            raise RefusedError(403, "DENIED", message)
        if call.kind == "manifests" and call.method != "PUT":
            _require_pullable(repository, call)
        return repository

    def principal(self, authorization: str) -> Principal:
        """Return whose login an `Authorization` header is. Raises `RefusedError`."""
        return self._logged_in(authorization).principal

    def _logged_in(self, authorization: str) -> EcrLogin:
        login = self._logins.find(authorization)
        if login is None:
            raise RefusedError(401, "UNAUTHORIZED", "authentication required")
        if login.expired:
            # Amazon ECR responds with 403 here, not with a challenge.
            raise RefusedError(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
        return login


def _require_pullable(repository: Repository, call: Call) -> None:
    """Raise `RefusedError` for an image that is archived: to the registry it is not there."""
    image = find_image(repository, call.image_id)
    if image is not None and not is_pullable(image):
        raise RefusedError(404, "MANIFEST_UNKNOWN", "Requested image not found")


def _denied(repository: Repository, action: str) -> bool:
    """Return whether the repository's policy denies `action` to everybody; denials for some principals are ignored."""
    if not repository.policy:
        return False
    statements = policies.parse(str(repository.policy))["Statement"]
    everybody = [
        {**statement, "Resource": "*"}
        for statement in (statements if isinstance(statements, list) else [statements])
        if statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    ]
    return policies.decide({"Statement": everybody}, action=action, resource="*") is policies.PolicyDecision.DENIED


def refuse_overwriting(repository: Repository, tag: str) -> None:
    """Raise `RefusedError` when `tag` is taken and may not be overwritten, not even with the same digest."""
    if image_by_tag(repository, tag) and not may_overwrite(repository, tag):
        raise RefusedError(400, "TAG_INVALID", immutable_message(repository.name, tag))
