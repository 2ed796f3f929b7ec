"""The candidate: the one image that is scanned, inventoried and released, and its identity."""

from __future__ import annotations

from msgspec import Struct

from goldenpath.model.base_image import BaseImage
from goldenpath.model.image_origins import ImageOrigins
from goldenpath.model.names import Commit, Digest, Platform, Version

CANDIDATE_SCHEMA = "goldenpath.candidate/1"


class PlatformImage(Struct, frozen=True):
    """The image of one platform in the candidate: its manifest, its config, and the `size` of its layers in bytes.

    `origins` say what brought its layers; `None` where the builder could not.
    """

    platform: Platform
    digest: Digest
    config: Digest
    layers: int
    size: int
    origins: ImageOrigins | None = None


class Candidate(Struct, frozen=True):
    """What `build` made: an OCI image layout whose only entry has this `digest`.

    `size` is in bytes, of all blobs together; `source` is the repository's address, empty where it has none. `checkout`
    is the digest of the files that it was built from, as they were checked out. `frontends` are the images that read
    its Dockerfile, where BuildKit did not itself, and `bases` those that it was built from; `None` where the builder
    could not list them. `ecr_repository` is the one that it was built for; empty where that was not known.
    """

    digest: Digest
    media_type: str
    platforms: tuple[PlatformImage, ...]
    size: int
    commit: Commit
    source: str
    version: str
    created: str
    builder: str
    checkout: str = ""
    frontends: tuple[str, ...] = ()
    ecr_repository: str = ""
    bases: tuple[BaseImage, ...] | None = None
    schema: str = CANDIDATE_SCHEMA

    def __post_init__(self) -> None:
        """Refuse, with `ValueError`, a version that cannot be a tag."""
        _ = self.release_version

    @property
    def release_version(self) -> Version | None:
        """The version that it was built as; `None` where it has none."""
        return Version(self.version) if self.version else None
