"""Hole 18, at the build's own secrets: what a step leaves in a layer is in the image, although no file shows it."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import build_secrets
from goldenpath.delivery.builds.build_secrets import GivenSecrets
from goldenpath.delivery.model.build_secrets import BuildSecret
from goldenpath.shared.errors import SecretInImage
from tests.attacks.attack import Patch, attack
from tests.tools import small_images

if TYPE_CHECKING:
    from tests.attacks.attack import Scene

TOKEN = b"token-of-a-registry-0123456789"


@attack(
    18, SecretInImage, "The image holds a secret that its build was given: npm",
    Patch("goldenpath.delivery.builds.build_secrets.require_absent"),
)  # fmt: skip
def a_secret_of_the_build_stays_in_a_layer_that_a_later_one_hides(scene: Scene) -> None:
    image = small_images.make(scene.folder / "image", {"root/.npmrc": TOKEN}, {"root/.wh..npmrc": b""})
    build_secrets.require_absent(GivenSecrets(searched=(BuildSecret("npm", TOKEN),)), image)
    (found,) = image.images()
    assert TOKEN in gzip.decompress(image.blob(found.manifest.layers[0].digest).read_bytes())
