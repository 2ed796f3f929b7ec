"""The candidate: the one image that is scanned, inventoried and released, and its identity."""

from __future__ import annotations

from msgspec import Struct

from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.model.image_layers import ImageLayer
from goldenpath.delivery.model.image_origins import ImageOrigins
from goldenpath.shared.names import ArtifactId, Commit, ContentDigest, Digest, Platform, Version

CANDIDATE_SCHEMA = "goldenpath.candidate/1"


class PlatformImage(Struct, frozen=True):
    """The image of one platform in the candidate: its manifest, its config, and the `size` of its layers in bytes.

    `origins` are the origins of its layers; `None` if the builder could not determine them. `content` has a row for
    every layer, the lowest first, so that a report needs no image; it is empty in records of older versions.
    """

    platform: Platform
    digest: Digest
    config: Digest
    layers: int
    size: int
    origins: ImageOrigins | None = None
    content: tuple[ImageLayer, ...] = ()


class ContextArtifact(Struct, frozen=True):
    """Content of the build context that an earlier job built and no commit holds.

    `digest` covers the paths and bytes of its `files`; `size` is in bytes; `id` is the id of the artifact, if any.
    """

    digest: ContentDigest
    files: int
    size: int
    id: ArtifactId | None = None

    @property
    def sentence(self) -> str:
        """A description for people, as part of a sentence."""
        count = "1 file" if self.files == 1 else f"{self.files} files"
        source = f"the artifact {self.id}" if self.id else "`context_artifact`"
        return f"{count} of {source} ({self.digest}), which no commit holds"


class Candidate(Struct, frozen=True):
    """The image that `build` made: an OCI image layout whose only entry has this `digest`.

    `size` is the number of bytes of all blobs; `source` is the repository's address, empty if it has none. `checkout`
    is the digest of the checked-out files that the image was built from. `frontends` are the images that read its
    Dockerfile in place of BuildKit; `bases` are its base images, or `None` if the builder could not list them.
    `ecr_repository` is the ECR repository that the image was built for; empty if unknown. `context_artifact` is the
    content of the build context that is not in the commit; `cache` is the digest of the record of the build cache that
    the build used.
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
    context_artifact: ContextArtifact | None = None
    cache: Digest | None = None
    schema: str = CANDIDATE_SCHEMA

    def __post_init__(self) -> None:
        """Raise `ValueError` for a version that cannot be a tag."""
        _ = self.release_version

    @property
    def release_version(self) -> Version | None:
        """The version that the image was built with; `None` if it has none."""
        return Version(self.version) if self.version else None
