"""Where the layers of an image come from: its base image, or an instruction of the Dockerfile."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from goldenpath.delivery.model.base_image import BaseImage
from goldenpath.delivery.model.finding import FindingOrigin
from goldenpath.shared import oci
from goldenpath.shared.names import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.delivery.model.image_config import ImageConfig

# The labels of an image that name its base image, and the instructions that added its other layers.
STEPS_LABEL = "goldenpath.idp/layers"
_FROM, _NOT_KNOWN = "FROM", "unknown"
_NAME = re.compile(r"[\w.:/-]{1,500}", re.ASCII)
_STEP = re.compile(r"([A-Z]+):([0-9]{1,6})")


class Step(Struct, frozen=True):
    """An instruction of a Dockerfile: the `line` that it begins at, from 1, and its `keyword`.

    An ONBUILD instruction of the base image has the line of the `FROM` that triggered it. The rest of the text is not
    kept: it may hold a secret.
    """

    line: int
    keyword: str

    def __str__(self) -> str:
        """Return it as the label has it."""
        return f"{self.keyword}:{self.line}"


class ImageOrigins(Struct, frozen=True):
    """The image that another one begins from, as the record of a build names it, and the `steps` that added a layer.

    `base` is empty for an image that begins from nothing; `line` is that of the `FROM`, and 0 where it is unknown.
    """

    base: str
    steps: tuple[Step, ...]
    line: int = 0


def label(origins: ImageOrigins | None) -> dict[str, str]:
    """Return the label by which a later scan, which has no record of the build, knows the layers of the base image.

    Where they are not known it says so: the base image may have such a label too, which the image would inherit.
    """
    return {STEPS_LABEL: " ".join(map(str, origins.steps)) if origins else _NOT_KNOWN}


def labelled_base(config: ImageConfig) -> BaseImage | None:
    """Return the image that the labels of another one say it began from; `None` where they name none."""
    name = config.labels.get(oci.BASE_NAME, "")
    with suppress(ValueError):
        return BaseImage(name, Digest(config.labels.get(oci.BASE_DIGEST, ""))) if _NAME.fullmatch(name) else None
    return None


def labelled(config: ImageConfig) -> ImageOrigins | None:
    """Return what the labels of an image say of its layers; `None` where they are missing or of another form."""
    base, words = labelled_base(config), config.labels.get(STEPS_LABEL)
    if base is None or words is None:
        return None
    matches = [_STEP.fullmatch(word) for word in words.split()]
    steps = tuple(Step(int(match[2]), match[1]) for match in matches if match)
    return ImageOrigins(base.name, steps) if len(steps) == len(matches) else None


def by_layer(config: ImageConfig, origins: ImageOrigins | None) -> Mapping[str, FindingOrigin]:
    """Return the origin of each layer by its diff id; nothing where `origins` do not fit the image.

    They fit if the image's own history tells of as many layers, and of the same instructions.
    """
    layers, history = config.layers, config.created_by
    own = len(origins.steps) if origins else 0
    if origins is None or len(history) != len(layers) or own > len(layers) or (not origins.base and own != len(layers)):
        return {}
    of_base = len(layers) - own
    if not all(_fits(created_by, step) for created_by, step in zip(history[of_base:], origins.steps, strict=True)):
        return {}
    named = {
        layer: FindingOrigin(line=step.line, instruction=step.keyword)
        for layer, step in zip(layers[of_base:], origins.steps, strict=True)
    }
    # Of two equal layers the lower one counts: what a base image has too is nobody else's.
    return {**named, **dict.fromkeys(layers[:of_base], FindingOrigin(base=origins.base, line=origins.line))}


def own_layers(config: ImageConfig, origins: ImageOrigins | None) -> int:
    """Return how many layers, the highest, are not of the base image; 0 where `origins` do not fit the image."""
    return len(origins.steps) if origins and by_layer(config, origins) else 0


def _fits(created_by: str, step: Step) -> bool:
    return step.keyword == _FROM or created_by.split(" ", 1)[0] == step.keyword
