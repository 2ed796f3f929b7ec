"""Which images vouch for others: signatures, attestations and SBOMs, in the old form and in the new one.

Sources: OCI distribution specification 1.1, "Listing Referrers" (a manifest names its `subject`); cosign, "Signature
spec" (the tags `sha256-<digest>.sig`, `.att` and `.sbom`, which its versions before 3 write).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.registries.aws.ecr import EcrImage

_COSIGN_TAG = re.compile(r"sha256-([0-9a-f]{64})(?:\.[a-z0-9.]+)?")


def subject_of(image: EcrImage) -> str:
    """Return the digest of the image that `image` vouches for; empty for one that vouches for none."""
    if image.subject:
        return image.subject
    named = [_COSIGN_TAG.fullmatch(tag) for tag in image.tags]
    # A release that somebody gave such a tag as well is a release.
    return f"sha256:{named[0][1]}" if named and all(named) and named[0] else ""


def without_subject(images: Iterable[EcrImage]) -> tuple[EcrImage, ...]:
    """Return those of `images`, all images of one repository, that vouch for an image that is gone."""
    listed = list(images)
    present = {image.digest for image in listed}
    return tuple(image for image in listed if (subject := subject_of(image)) and subject not in present)


def vouched_for(images: Iterable[EcrImage]) -> frozenset[str]:
    """Return the digests that any of `images` vouches for."""
    return frozenset(filter(None, map(subject_of, images)))
