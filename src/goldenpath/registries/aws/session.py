"""How the platform logs in to AWS: a role, assumed with the run's own OIDC token, and the clients for it.

The credentials are handed to Terraform in its environment and to our own clients; no file has them, and no other
program.
Sources: Amazon S3 API reference, `GetObject`, and `PutObject` with `If-None-Match` and `If-Match` (conditional writes).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.shared import aws_sdk
from goldenpath.shared.aws_sdk import Key, RoleSession
from goldenpath.shared.errors import StateLocked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client

    from goldenpath.shared.names import Region, RoleArn

# Errors of AWS name the page that lists the permissions of the platform's roles.
explained = functools.partial(aws_sdk.explained, needs="docs/registries.md lists what each role of the platform needs")
# Another run wrote first, or is writing at this moment. S3 responds with either, depending on the timing.
_OVERTAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


def assume_role(role: RoleArn, region: Region, identity: str, name: str) -> dict[str, str]:
    """Return credentials of `role`, for an hour, as the variables that Terraform and the SDK read.

    `identity` is an OIDC token, `name` what CloudTrail shows. Raises `LoginRefused`, `RegistryUnreachable`.
    """
    key = aws_sdk.exchanged(aws_sdk.session(), RoleSession(role, region, name, aws_sdk.PLATFORM_SECONDS), identity)
    return {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret, "AWS_SESSION_TOKEN": key.token}


def client(service: str, variables: Mapping[str, str]) -> Any:  # noqa: ANN401  a client of any service
    """Return a client of `service`, like `ecr`, for the credentials, region and endpoint in `variables`.

    Where they name none, the SDK finds its own. Raises `LoginRefused`.
    """
    endpoint = variables.get(f"AWS_ENDPOINT_URL_{service.upper()}") or variables.get("AWS_ENDPOINT_URL", "")
    with aws_sdk.explained("log in to AWS"):
        return aws_sdk.client(aws_sdk.session(), service, variables.get("AWS_REGION"), _access_key(variables), endpoint)


def _access_key(variables: Mapping[str, str]) -> Key | None:
    key_id = variables.get("AWS_ACCESS_KEY_ID")
    if not key_id:
        return None
    return Key(key_id, variables.get("AWS_SECRET_ACCESS_KEY", ""), variables.get("AWS_SESSION_TOKEN", ""))


@dataclass(frozen=True)
class StoredObject:
    """An object's content and version (ETag)."""

    content: bytes
    version: str


class StateBucket:
    """The bucket of an environment's state, with the credentials in `variables`."""

    def __init__(self, bucket: str, variables: Mapping[str, str]) -> None:
        self._bucket = bucket
        self._client: S3Client = client("s3", variables)

    def read(self, key: str) -> StoredObject | None:
        """Return the object `key`; `None` when there is none. Raises what `explained` does."""
        with explained(f"read {key} in the state bucket"):
            try:
                response = self._client.get_object(Bucket=self._bucket, Key=key)
            except self._client.exceptions.NoSuchKey:
                return None
            return StoredObject(response["Body"].read(), response["ETag"])

    def write(self, key: str, content: bytes, before: StoredObject | None) -> None:
        """Write the object `key` if it is still what `read` returned as `before`.

        Raises `StateLocked` when another run wrote it in between, and what `explained` does.
        """
        # A conditional write: of two runs that read the same version, S3 lets one succeed. Without the condition the
        # second one would overwrite the claim of the first, and could then free a lock that is in use.
        with explained(f"write {key} in the state bucket"):
            try:
                if before is None:
                    self._client.put_object(Bucket=self._bucket, Key=key, Body=content, IfNoneMatch="*")
                else:
                    self._client.put_object(Bucket=self._bucket, Key=key, Body=content, IfMatch=before.version)
            except self._client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] not in _OVERTAKEN:
                    raise
                # The SDK tries again when no response came: then it is this run's own write that was there first.
                if (written := self.read(key)) and written.content == content:
                    return
                raise StateLocked(
                    "Another run began to apply the same pull request at the same time",
                    why=f"It wrote {key} in the state bucket after this run had read it",
                    fix="Wait for that run to end, then run this job again",
                ) from error
