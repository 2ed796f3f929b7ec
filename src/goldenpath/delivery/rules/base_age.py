"""The age limit of base images. Pure functions, so that every cell of the matrix is a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.rules.freshness import CLOCK_SKEW
from goldenpath.shared.errors import BaseRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from goldenpath.delivery.model.base_image import BaseImage
    from goldenpath.delivery.rules.matrix import Environment


def require_young(images: Sequence[BaseImage] | None, rules: Environment, now: datetime) -> tuple[str, ...]:
    """Return a warning for each of the base `images` that is too old for an environment, or of unknown age.

    Raises `BaseRefused` for one that is too old, if a gate of the environment blocks. An unknown age is never refused:
    an image can name any date, or none, so this rule helps people who forget and cannot stop people who lie.
    """
    if rules.base_age is None:
        return ()
    if images is None:
        return (f"the age of the base images is unknown; {rules.name} allows {rules.base_age.days} days",)
    old = [_dated(image, now) for image in images if _age(image, now) > rules.base_age.days]
    if old and rules.blocks:
        subject = "1 base image is" if len(old) == 1 else f"{len(old)} base images are"
        raise BaseRefused(
            f"{subject} too old for {rules.name}: {'; '.join(old)}",
            why=f"The platform allows base images of at most {rules.base_age.days} days there",
            fix="Build from a newer image: a tag that is still being built, without a digest or with its newest one. "
            "If there is none, ask the platform team about `base_days` (docs/policy.md)",
        )
    limit = f"; {rules.name} allows {rules.base_age.days} days"
    unknown = [f"the age of the base image {image.name} is unknown" for image in images if _age(image, now) < 0]
    return tuple(f"{warning}{limit}" for warning in (*(f"the base image {dated}" for dated in old), *unknown))


def _age(image: BaseImage, now: datetime) -> int:
    """Return the age of `image` in whole days; -1 if it is unknown, or its date is in the future."""
    if image.created is None or image.created > now + CLOCK_SKEW:
        return -1
    return max((now - image.created).days, 0)


def _dated(image: BaseImage, now: datetime) -> str:
    return f"{image.name} was made on {image.created:%Y-%m-%d}, {_age(image, now)} days ago"
