"""Small objects beside Terraform's state, which only a role that may write there can have written.

Source: Amazon S3 API reference, `GetObject`, and `PutObject` with `If-None-Match` and `If-Match` (conditional writes).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.errors import StateLocked
from goldenpath.registries.aws import session
from goldenpath.services.aws_sdk import explained

if TYPE_CHECKING:
    from collections.abc import Mapping

_explained = functools.partial(explained, needs="docs/registries.md lists what each role of the platform needs")
# Another writer was there first, or is writing at this moment.
_OVERTAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


@dataclass(frozen=True)
class Stored:
    """An object's content, and the version (ETag) that it was read at."""

    content: bytes
    version: str


class StateBucket:
    """The bucket of an environment's state, opened with the credentials in `variables`."""

    def __init__(self, bucket: str, variables: Mapping[str, str]) -> None:
        self._bucket = bucket
        self._client = session.s3(variables)

    def read(self, key: str) -> Stored | None:
        """Return the object `key`; `None` when there is none. Raises what `explained` does."""
        with _explained(f"read {key} in the state bucket"):
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=key)
            except self._client.exceptions.NoSuchKey:
                return None
            return Stored(found["Body"].read(), found["ETag"])

    def write(self, key: str, content: bytes, before: Stored | None) -> None:
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
