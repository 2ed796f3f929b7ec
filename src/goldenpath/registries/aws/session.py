"""AWS for the platform."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.errors import StateLocked
from goldenpath.services import aws_sdk
from goldenpath.services.aws_sdk import Key, Wanted, explained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_s3 import S3Client

    from goldenpath.model.names import Region, RoleArn

_explained = functools.partial(explained, needs="docs/registries.md lists what each role of the platform needs")
# Another writer was there first, or is writing at this moment.
_OVERTAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


def assume_role(role: RoleArn, region: Region, identity: str, name: str) -> dict[str, str]:
    """Return credentials of `role`, for an hour, as the variables by which Terraform and the SDK know them.

    `identity` is an OIDC token, `name` what CloudTrail shows. Raises `LoginRefused`, `RegistryUnreachable`.
    """
    key = aws_sdk.exchanged(aws_sdk.session(), Wanted(role, region, name, aws_sdk.PLATFORM_SECONDS), identity)
    return {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret, "AWS_SESSION_TOKEN": key.token}


def ecr_client(variables: Mapping[str, str]) -> ECRClient:
    """Return a client of ECR for the credentials, region and endpoint in `variables`, else for the SDK's own.

    Raises `LoginRefused`.
    """
    with aws_sdk.explained("log in to AWS"):
        return aws_sdk.ecr_client(
            aws_sdk.session(), variables.get("AWS_REGION"), _access_key(variables), _endpoint(variables, "ECR")
        )


def s3_client(variables: Mapping[str, str]) -> S3Client:
    """Return a client of S3, as `ecr` does. Raises `LoginRefused`."""
    with aws_sdk.explained("log in to AWS"):
        return aws_sdk.s3_client(
            aws_sdk.session(), variables.get("AWS_REGION"), _access_key(variables), _endpoint(variables, "S3")
        )


def _access_key(variables: Mapping[str, str]) -> Key | None:
    named = variables.get("AWS_ACCESS_KEY_ID")
    if not named:
        return None
    return Key(named, variables.get("AWS_SECRET_ACCESS_KEY", ""), variables.get("AWS_SESSION_TOKEN", ""))


def _endpoint(variables: Mapping[str, str], service: str) -> str | None:
    return variables.get(f"AWS_ENDPOINT_URL_{service}") or variables.get("AWS_ENDPOINT_URL")


@dataclass(frozen=True)
class StoredObject:
    """An object's content, and the version (ETag) that it was read at."""

    content: bytes
    version: str


class StateBucket:
    """The bucket of an environment's state, opened with the credentials in `variables`."""

    def __init__(self, bucket: str, variables: Mapping[str, str]) -> None:
        self._bucket = bucket
        self._client = s3_client(variables)

    def read(self, key: str) -> StoredObject | None:
        """Return the object `key`; `None` when there is none. Raises what `explained` does."""
        with _explained(f"read {key} in the state bucket"):
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=key)
            except self._client.exceptions.NoSuchKey:
                return None
            return StoredObject(found["Body"].read(), found["ETag"])

    def write(self, key: str, content: bytes, before: StoredObject | None) -> None:
        """Write the object `key` if it is still what `read` returned as `before`.

        Raises `StateLocked` when another run wrote it meanwhile, and what `explained` does.
        """
        with _explained(f"write {key} in the state bucket"):
            try:
                if before is None:
                    self._client.put_object(Bucket=self._bucket, Key=key, Body=content, IfNoneMatch="*")
                else:
                    self._client.put_object(Bucket=self._bucket, Key=key, Body=content, IfMatch=before.version)
            except self._client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] not in _OVERTAKEN:
                    raise
                raise StateLocked(
                    "another run began to apply the same pull request at the same time",
                    why=f"it wrote {key} in the state bucket after this run had read it",
                    fix="wait for that run to end, then run this job again",
                ) from error
