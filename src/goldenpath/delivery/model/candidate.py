"""The candidate: the one image that is scanned, inventoried and released, and its identity."""

from __future__ import annotations

from msgspec import Struct

from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.model.image_origins import ImageOrigins
from goldenpath.shared.names import ArtifactId, Commit, ContentDigest, Digest, Platform, Version

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


class ContextArtifact(Struct, frozen=True):
    """Content of the build context that no commit holds: what an earlier job built.

    `digest` is of the paths and bytes of its `files`; `size` is in bytes; `id` is the artifact's, where it has one.
    """

    digest: ContentDigest
    files: int
    size: int
    id: ArtifactId | None = None

    @property
    def sentence(self) -> str:
        """The same for people."""
        count = "1 file" if self.files == 1 else f"{self.files} files"
        source = f"the artifact {self.id}" if self.id else "`context_artifact`"
        return f"{count} of {source} ({self.digest}), which no commit holds"


class Candidate(Struct, frozen=True):
    """What `build` made: an OCI image layout whose only entry has this `digest`.

    `size` is in bytes, of all blobs together; `source` is the repository's address, empty where it has none. `checkout`
    is the digest of the files that it was built from, as they were checked out. `frontends` are the images that read
    its Dockerfile, where BuildKit did not itself, and `bases` those that it was built from; `None` where the builder
    could not list them. `ecr_repository` is the one that it was built for; empty where that was not known.
    `context_artifact` is what the build context held beside the commit, and `cache` the digest of the record of the
    build cache that steps were taken from.
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
        """Refuse, with `ValueError`, a version that cannot be a tag."""
        _ = self.release_version

    @property
    def release_version(self) -> Version | None:
        """The version that it was built as; `None` where it has none."""
        return Version(self.version) if self.version else None
