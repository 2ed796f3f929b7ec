"""A base image in a private registry, as the Dockerfile names it, and the record of the fetched ones.

Sources: Amazon ECR user guide, "Private registries"; AWS General Reference, "Amazon ECR endpoints and quotas"; of the
other names distribution/reference, by whose rules Docker and BuildKit read them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from msgspec import Struct

from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.shared.names import AccountId, Digest, EcrRepository, Region, Tag

BASES_SCHEMA = "goldenpath.bases/1"
DOCKER_HUB = "docker.io"
# The limit for the registry and the repository together (distribution/reference, `NameTotalLengthMax`).
_NAME_LENGTH = 255
# Names that people, and Docker's own configuration, have for it.
_ALSO_DOCKER_HUB = {"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"}
_LATEST = "latest"
_ECR = re.compile(
    r"(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)"
)
_LIKE_ECR = re.compile(r"\.dkr[.-]ecr")
_REGISTRY = re.compile(r"[a-z0-9]+(?:[.-]+[a-z0-9]+)*(?::[0-9]{1,5})?", re.ASCII)
_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"({_PART}(?:/{_PART})*)(?::([^:@\s/]+))?(?:@(\S+))?", re.ASCII)


@dataclass(frozen=True)
class EcrPlace:
    """The AWS account and region of an ECR registry, and a repository in it."""

    account: AccountId
    region: Region
    repository: EcrRepository


@dataclass(frozen=True)
class PrivateBase:
    """An image of a private registry, `written` as in the Dockerfile; `ecr` where it is one of Amazon's."""

    written: str
    registry: str
    repository: str
    tag: Tag | None
    digest: Digest | None
    ecr: EcrPlace | None = None

    @property
    def reference(self) -> Tag | Digest:
        """The tag or digest to request from the registry."""
        return self.digest or self.tag or Tag(_LATEST)

    @property
    def name(self) -> str:
        """The name as the record of a build has it, and as BuildKit completes the name of an image in a registry."""
        tag = self.tag or ("" if self.digest else _LATEST)
        return f"{self.registry}/{self.repository}{f':{tag}' if tag else ''}"

    @property
    def name_of_context(self) -> str:
        """The name as BuildKit completes that of a named context: without `latest`."""
        return self.name.removesuffix(f":{_LATEST}")


class FetchedBases(Struct, frozen=True):
    """The images that `pull-bases` fetched: their digests by the names in the Dockerfile."""

    images: dict[str, Digest]
    schema: str = BASES_SCHEMA

    def __post_init__(self) -> None:
        """Raise `ValueError` for an invalid name of an image."""
        for written in self.images:
            parse(written)

    @property
    def records(self) -> dict[BaseImage, BaseImage]:
        """The images as the record of a build names them, by what BuildKit calls them when they are in a folder."""
        bases = [(parse(written), digest) for written, digest in self.images.items()]
        return {BaseImage(base.name_of_context, digest): BaseImage(base.name, digest) for base, digest in bases}


def parse(written: str) -> PrivateBase:
    """Return the image that a Dockerfile means by `written`. Raises `ValueError` when that is no name of an image."""
    first, slash, rest = written.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        host = first
    else:
        host, rest = DOCKER_HUB, written if slash else f"library/{written}"
    match = _NAME.fullmatch(rest)
    if match is None or len(f"{host}/{match[1]}") > _NAME_LENGTH:
        raise ValueError(
            f"{written[:200]!a} is not the name of an image, like "
            "123456789012.dkr.ecr.eu-west-2.amazonaws.com/base/python:3.14 or ghcr.io/my-org/python:3.14"
        )
    path, tag, digest = match.groups()
    registry = registry_of(host)
    if _LIKE_ECR.search(written) and not is_ecr(registry):
        raise ValueError(f"{written[:200]!a} is not the address of an Amazon ECR registry, with a repository in it")
    return PrivateBase(
        written, registry, path, Tag(tag) if tag else None, Digest(digest) if digest else None, _ecr(registry, path)
    )


def parse_all(raw: str) -> tuple[PrivateBase, ...]:
    """Return the images in `raw`, one a line, without repetitions."""
    return tuple(parse(line) for line in dict.fromkeys(filter(None, map(str.strip, raw.splitlines()))))


def registry_of(written: str) -> str:
    """Return the name of a registry in the one form that is used here. Raises `ValueError` when it is none."""
    name = written.removeprefix("https://").removesuffix("/").removesuffix("/v1").removesuffix("/v2")
    if not _REGISTRY.fullmatch(name):
        raise ValueError(f"{written[:200]!a} is not the name of a registry")
    return DOCKER_HUB if name in _ALSO_DOCKER_HUB else name


def is_ecr(registry: str) -> bool:
    """Whether `registry` is one of Amazon ECR."""
    return _ECR.fullmatch(registry) is not None


def _ecr(registry: str, path: str) -> EcrPlace | None:
    match = _ECR.fullmatch(registry)
    return EcrPlace(AccountId(match[1]), Region(match[2]), EcrRepository(path)) if match else None
