"""The images of a repository that ECR keeps in its archive: to the registry API they are not there.

Source: Amazon ECR user guide, "Archiving an image" (a pull ends with 404; lists leave them out unless a filter names
their status) and "Restoring an image" (up to 20 minutes, or at once by pushing it again).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.shared.errors import ImageArchived
from goldenpath.shared.names import Digest, Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef

    from goldenpath.shared.names import EcrRepository


@dataclass(frozen=True)
class ImageArchive:
    """The archived images of one repository, and those that are being restored: their `tags` and `digests`."""

    tags: Mapping[Tag, Digest] = field(default_factory=dict)
    digests: frozenset[Digest] = frozenset()

    @classmethod
    def of(cls, images: Iterable[ImageDetailTypeDef]) -> ImageArchive:
        """Return the archive of `images` as ECR describes them."""
        digests = {Digest(image["imageDigest"]): image.get("imageTags", ()) for image in images}
        return cls({Tag(tag): digest for digest, tags in digests.items() for tag in tags}, frozenset(digests))

    def holds(self, reference: Tag | Digest) -> bool:
        """Tell whether the image that `reference` names is archived."""
        return reference in (self.digests if isinstance(reference, Digest) else self.tags)

    def require_active(self, references: Iterable[Tag | Digest], repository: EcrRepository) -> None:
        """Raise `ImageArchived` when one of `references` names an archived image of `repository`."""
        if archived := [reference for reference in references if self.holds(reference)]:
            raise self.refusal(archived[0], repository)

    def refusal(self, reference: Tag | Digest, repository: EcrRepository) -> ImageArchived:
        """Return the error for an image that is archived, and has to be restored first."""
        digest = reference if isinstance(reference, Digest) else self.tags[reference]
        named = f"The image {digest}" if reference == digest else f"The tag {reference} names {digest}, which"
        return ImageArchived(
            f"{named} is in the archive of {repository}",
            why="ECR does not give an archived image to anybody, and keeps its tags",
            fix=f"Restore it, which takes up to 20 minutes, and run again: aws ecr update-image-storage-class "
            f"--repository-name {repository} --image-id imageDigest={digest} --target-storage-class STANDARD",
        )
