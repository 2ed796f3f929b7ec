"""An archived image is told from one that is not there."""

from __future__ import annotations

import pytest

from goldenpath.delivery.registry.archive import ImageArchive
from goldenpath.shared.errors import ImageArchived
from goldenpath.shared.names import Digest, EcrRepository, Tag
from tests.unit.builders import DIGEST

NAME, ARCHIVED = EcrRepository("team/my-app"), Digest(DIGEST)
ARCHIVE = ImageArchive.of([{"imageDigest": DIGEST, "imageTags": ["1.4.2", "dev-a1b2c3d"]}])


@pytest.mark.parametrize(
    ("reference", "what"),
    [
        (Tag("1.4.2"), f"The tag 1.4.2 names {DIGEST}, which is in the archive of team/my-app"),
        (ARCHIVED, f"The image {DIGEST} is in the archive of team/my-app"),
    ],
)
def test_the_error_says_how_to_restore_it(reference: Tag | Digest, what: str) -> None:
    with pytest.raises(ImageArchived) as caught:
        ARCHIVE.require_active([Tag("free"), reference], NAME)
    assert caught.value.what == what
    assert caught.value.fix == (
        "Restore it, which takes up to 20 minutes, and run again: aws ecr update-image-storage-class --repository-name "
        f"team/my-app --image-id imageDigest={DIGEST} --target-storage-class STANDARD"
    )


def test_what_is_not_archived_passes() -> None:
    ARCHIVE.require_active([Tag("free"), Digest("sha256:" + "0" * 64)], NAME)
    ImageArchive().require_active([Tag("1.4.2"), ARCHIVED], NAME)
    assert not ImageArchive().holds(ARCHIVED)
