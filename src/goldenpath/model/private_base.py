"""A base image in a private ECR registry, as the Dockerfile names it, and the record of those that were fetched.

Source of the registries' names: Amazon ECR user guide, "Private registries"; AWS General Reference, "Amazon ECR
endpoints and quotas".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from msgspec import Struct

from goldenpath.model.base_image import BaseImage
from goldenpath.model.names import AccountId, Digest, EcrRepository, Region, Tag

BASES_SCHEMA = "goldenpath.bases/1"
_ECR = re.compile(
    r"(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)"
)
_NAME = re.compile(r"([^/@\s]+)/([^:@\s]+)(?::([^:@\s]+))?(?:@(\S+))?", re.ASCII)


@dataclass(frozen=True)
class PrivateBase:
    """An image of a private ECR registry, `written` as in the Dockerfile."""

    written: str
    account: AccountId
    region: Region
    repository: EcrRepository
    reference: Tag | Digest


class FetchedBases(Struct, frozen=True):
    """What `pull-bases` fetched: the digest of each image, by the name that the Dockerfile writes."""

    images: dict[str, Digest]
    schema: str = BASES_SCHEMA

    @property
    def records(self) -> frozenset[BaseImage]:
        """The images as the record of a build names them."""
        return frozenset(BaseImage(written.partition("@")[0], digest) for written, digest in self.images.items())


def parse(written: str) -> PrivateBase:
    """Return the image that a Dockerfile means by `written`. Raises `ValueError` when it is none of ECR's."""
    found = _NAME.fullmatch(written)
    registry = _ECR.fullmatch(found[1]) if found else None
    if found is None or registry is None:
        raise ValueError(
            f"{written[:200]!a} is no image in a private ECR registry, like "
            "123456789012.dkr.ecr.eu-west-2.amazonaws.com/base/python:3.14"
        )
    reference: Tag | Digest = Digest(found[4]) if found[4] else Tag(found[3] or "latest")
    return PrivateBase(written, AccountId(registry[1]), Region(registry[2]), EcrRepository(found[2]), reference)


def parse_all(raw: str) -> tuple[PrivateBase, ...]:
    """Return the images in `raw`, one a line, each once."""
    return tuple(parse(line) for line in dict.fromkeys(filter(None, map(str.strip, raw.splitlines()))))
