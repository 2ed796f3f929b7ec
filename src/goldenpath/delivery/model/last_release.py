"""The last release of an environment, as `compare-release` found it in the registry."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from goldenpath.shared.names import Digest, EnvironmentName, Tag


class LastRelease(Struct, frozen=True):
    """The last release to `environment`: the image `digest`, which people know as `tag`, pushed at `pushed_at`.

    `pushed_at` is `None` where ECR did not say when.
    """

    environment: EnvironmentName
    digest: Digest
    tag: Tag
    pushed_at: Annotated[datetime, Meta(tz=True)] | None = None
