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
    """The base image of an image, as the record of a build names it, and the `steps` that added a layer to it.

    `base` is empty for `FROM scratch`; `line` is the line of the `FROM`, and 0 if it is unknown.
    """

    base: str
    steps: tuple[Step, ...]
    line: int = 0


def label(origins: ImageOrigins | None) -> dict[str, str]:
    """Return the label that names the instructions of the own layers for a later scan without a record of the build.

    It is written even if they are unknown: otherwise the image would inherit the label of its base image.
    """
    return {STEPS_LABEL: " ".join(map(str, origins.steps)) if origins else _NOT_KNOWN}


def labelled_base(config: ImageConfig) -> BaseImage | None:
    """Return the base image that the labels of an image name; `None` if they name none."""
    name = config.labels.get(oci.BASE_NAME, "")
    with suppress(ValueError):
        return BaseImage(name, Digest(config.labels.get(oci.BASE_DIGEST, ""))) if _NAME.fullmatch(name) else None
    return None


def labelled(config: ImageConfig) -> ImageOrigins | None:
    """Return the origins that the labels of an image name; `None` if the labels are missing or malformed."""
    base, words = labelled_base(config), config.labels.get(STEPS_LABEL)
    if base is None or words is None:
        return None
    matches = [_STEP.fullmatch(word) for word in words.split()]
    steps = tuple(Step(int(match[2]), match[1]) for match in matches if match)
    return ImageOrigins(base.name, steps) if len(steps) == len(matches) else None


def by_layer(config: ImageConfig, origins: ImageOrigins | None) -> Mapping[str, FindingOrigin]:
    """Return the origin of every layer by its diff id; nothing if `origins` do not fit the image.

    They fit if the image's own history has the same number of layers and the same instructions.
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
    # Of two equal layers the lower one counts: a layer that the base image also has belongs to the base image.
    return {**named, **dict.fromkeys(layers[:of_base], FindingOrigin(base=origins.base, line=origins.line))}


def own_layers(config: ImageConfig, origins: ImageOrigins | None) -> int:
    """Return how many layers, counted from the top, the app's build added; 0 if `origins` do not fit the image."""
    return len(origins.steps) if origins and by_layer(config, origins) else 0


def _fits(created_by: str, step: Step) -> bool:
    return step.keyword == _FROM or created_by.split(" ", 1)[0] == step.keyword
