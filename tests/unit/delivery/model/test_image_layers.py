from __future__ import annotations

import json
from dataclasses import replace as changed
from typing import TYPE_CHECKING

from msgspec.structs import replace

from goldenpath.delivery.model import image_layers
from goldenpath.delivery.model.finding import FindingOrigin
from goldenpath.delivery.model.image_origins import ImageOrigins, Step
from goldenpath.shared.oci import CONFIG
from tests.unit.layout_builder import layout, store

if TYPE_CHECKING:
    from pathlib import Path

ORIGINS = ImageOrigins("", (Step(2, "COPY"),))


def test_a_layer_that_the_configuration_does_not_list_has_a_size_and_no_origin(tmp_path: Path) -> None:
    whole = layout(tmp_path)
    (image,) = whole.images()
    (blob,) = image.manifest.layers
    (layer,) = image_layers.of_image(whole, image, ORIGINS)
    assert (layer.digest, layer.size, layer.origin) == (blob.digest, blob.size, None)


def test_a_layer_has_the_instruction_that_made_it(tmp_path: Path) -> None:
    whole = layout(tmp_path)
    (image,) = whole.images()
    made = {"rootfs": {"type": "layers", "diff_ids": ["sha256:1"]}, "history": [{"created_by": "COPY a /"}]}
    config = store(tmp_path, CONFIG, json.dumps(made).encode())
    image = changed(image, manifest=replace(image.manifest, config=config))
    (layer,) = image_layers.of_image(whole, image, ORIGINS)
    assert layer.origin == FindingOrigin(line=2, instruction="COPY")
