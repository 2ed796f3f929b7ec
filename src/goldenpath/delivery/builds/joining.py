"""joining: one candidate of the images that jobs built for one platform each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import bases, platforms
from goldenpath.delivery.model.layout import Layout, joined
from goldenpath.shared.errors import BuildFailed, CheckoutDiffers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from goldenpath.delivery.builds.buildx import Order
    from goldenpath.delivery.builds.context_artifact import Addition
    from goldenpath.delivery.model.base_image import BaseImage
    from goldenpath.delivery.model.image_origins import ImageOrigins
    from goldenpath.delivery.model.work_folder import WorkFolder
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.names import Digest, Platform


@dataclass(frozen=True)
class Built:
    """What built the candidate: `by` which builders, from which `bases`, which images read its Dockerfile, warnings.

    `origins` say by platform what brought the layers; a build for the builder's own platform names none. `cache` is the
    digest of a build cache that it used, and `cache_written` the digits of that of the one that it wrote.
    """

    by: str
    frontends: tuple[str, ...]
    bases: tuple[BaseImage, ...] | None
    warnings: tuple[str, ...] = ()
    origins: Mapping[str, ImageOrigins | None] = field(default_factory=dict)
    cache: Digest | None = None
    cache_written: str = ""

    def origins_of(self, platform: Platform) -> ImageOrigins | None:
        """Return what brought the layers of the image for `platform`; `None` where that is not known."""
        return self.origins.get(platforms.normal(platform)) or self.origins.get("")


def join(run: Run, folder: Path, order: Order, checkout: str, added: Addition) -> Built:
    """Make one candidate of those in `folder`.

    Raises `BuildFailed` when one is missing, or is of another commit, `CheckoutDiffers` when one was built from other
    files than those of the `checkout` with this digest and what is `added`, `CandidateChanged` when one is damaged, and
    `EvidenceMismatch` when the job of a platform did not report it.
    """
    found: dict[str, WorkFolder] = {}
    builders: list[str] = []
    images: list[str] = []
    from_images: list[tuple[BaseImage, ...] | None] = []
    origins: dict[str, ImageOrigins | None] = {}
    cache: Digest | None = None
    for each in platforms.handed_over(folder, run.request.evidence, demanded=run.runner.in_actions):
        candidate = each.read_candidate()
        Layout(each.layout).require_whole(candidate.digest)
        if candidate.commit != run.event.commit:
            raise _not_joined(f"{each.path.name} is of the commit {candidate.commit}", f"this is {run.event.commit}")
        if candidate.checkout != checkout:
            raise CheckoutDiffers(
                f"{each.path.name} was built from other files than those that are checked out here",
                why="its runner wrote other bytes into its checkout of the same commit",
                fix="look for filters and conversions in the git configuration of that runner, then run all jobs again",
            )
        added.require_same(candidate.context_artifact, each.path.name)
        for image in candidate.platforms:
            name = platforms.normal(image.platform)
            _require_new(name, found)
            found[name], origins[name] = each, image.origins
        builders.append(candidate.builder)
        images += candidate.frontends
        from_images.append(candidate.bases)
        cache = cache or candidate.cache
    wanted = [platforms.normal(each) for each in order.platforms] or list(found)
    _require_exactly(wanted, found)
    run.say(f"joining the images of {', '.join(wanted)}")
    joined([Layout(found[each].layout) for each in wanted], run.work.layout, order.annotations)
    by = "; ".join(dict.fromkeys(builders))
    return Built(by, tuple(dict.fromkeys(images)), bases.joined(from_images), origins=origins, cache=cache)


def _require_new(name: str, found: Collection[str]) -> None:
    """Raise `BuildFailed` when there is an image for the platform `name` already."""
    if name in found:
        raise _not_joined(f"there are two images for {name}", "two jobs are for the same platform")


def _require_exactly(wanted: Sequence[str], found: Collection[str]) -> None:
    """Raise `BuildFailed` unless there is an image for every platform that is wanted, and for no other."""
    there = f"there are images for {', '.join(found) or 'no platform'}"
    if missing := [each for each in wanted if each not in found]:
        raise _not_joined(f"the image for {', '.join(missing)} is missing", f"the job of that platform failed; {there}")
    if not wanted or set(wanted) != set(found):
        raise _not_joined(f"{there}, and {', '.join(wanted) or 'some'} were asked for")


def _not_joined(what: str, why: str = "") -> BuildFailed:
    return BuildFailed(
        what,
        why=why or "the job of a platform failed, or two jobs are for the same one",
        fix="look at the job of each platform; name each platform once in `runners`, then run all jobs again",
    )
