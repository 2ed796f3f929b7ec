from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from goldenpath.delivery.registry.pushed_image import PushedImage
from goldenpath.shared.names import Digest, EcrRepository, Tag
from tests.unit.builders import DIGEST

if TYPE_CHECKING:
    from botocore.stub import Stubber

    from goldenpath.delivery.registry.ecr_client import Ecr

NAME = EcrRepository("team/my-app")
ASKED = {"repositoryName": "team/my-app", "imageIds": [{"imageDigest": DIGEST}]}


def test_an_image_has_tags_and_a_time(ecr: Ecr, stub: Stubber) -> None:
    pushed = datetime(2026, 11, 25, tzinfo=UTC)
    stub.add_response("describe_images", {"imageDetails": [{"imageTags": ["1.4.2"], "imagePushedAt": pushed}]}, ASKED)
    assert ecr.pushed_image(NAME, Digest(DIGEST)) == PushedImage((Tag("1.4.2"),), pushed)


def test_of_an_image_that_is_not_there_nothing_is_known(ecr: Ecr, stub: Stubber) -> None:
    stub.add_client_error("describe_images", "ImageNotFoundException", "not there", expected_params=ASKED)
    assert ecr.pushed_image(NAME, Digest(DIGEST)) == PushedImage()
