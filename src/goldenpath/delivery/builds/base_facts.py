"""Look up the age of base images, and whether their tags name newer images."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.registry import public_registry
from goldenpath.delivery.release import concurrently
from goldenpath.delivery.rules.base_age import require_young
from goldenpath.shared.errors import CandidateChanged
from goldenpath.shared.parallel import alongside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from goldenpath.delivery.builds.buildx import BuildOrder
    from goldenpath.delivery.model.base_image import BaseImage
    from goldenpath.delivery.model.private_base import FetchedBases
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.names import Digest

Images = tuple["BaseImage", ...]


@dataclass(frozen=True)
class BaseFacts:
    """Facts about the base images of a build: `warnings` from before it, and the current tags, `pending` while it runs.

    `pending` is `None` where the base images of the build are unknown.
    """

    warnings: tuple[str, ...] = ()
    pending: Future[Images] | None = None

    def images(self) -> Images | None:
        """Return the images with their dates and current tags; waits until all registries have responded."""
        return self.pending.result() if self.pending else None


@contextmanager
def looking_up(run: Run, images: Images | None, order: BuildOrder, fetched: FetchedBases) -> Iterator[BaseFacts]:
    """Look up the facts about `images` while the block builds from them; `order` is as the app wrote it.

    Raises `BaseRefused` when one is too old for the environment.
    """
    known = None if images is None else dated(run, images, order, fetched)
    warnings = require_young(known, run.environment, datetime.now(UTC))
    if known is None:
        yield BaseFacts(warnings)
        return
    with alongside() as second:
        yield BaseFacts(warnings, second.start(compared, known, order, fetched))


def dated(run: Run, images: Images, order: BuildOrder, fetched: FetchedBases) -> Images:
    """Return `images` with the date of each, if any environment has a rule about it: the release may be to another."""
    if not any(environment.base_age for environment in run.policy.environments):
        return images

    def date(image: BaseImage) -> datetime | None:
        if image not in fetched.records:
            return public_registry.created(image, order.platforms)
        try:
            layout = Layout(run.work.base_layout(image.digest))
            return min(filter(None, (layout.config(built).made for built in layout.images())), default=None)
        except CandidateChanged:
            return None

    return _with(images, date, "created")


def compared(images: Images, order: BuildOrder, fetched: FetchedBases) -> Images:
    """Return `images` with the digest that the tag of each names.

    BuildKit looked up most of them a moment ago. Only where the app itself writes a digest is the registry asked; not
    for a private image that another job fetched, as this one has no login.
    """
    written_by_app = (
        order.dockerfile.read_text(errors="replace"),
        *(value for _, value in (*order.build_args, *order.build_contexts)),
    )

    def newest(image: BaseImage) -> Digest | None:
        if not image.tag or image.is_in_a_folder:
            return None
        if not any(image.digest in text for text in written_by_app):
            return image.digest
        return None if image in fetched.records else public_registry.newest(image)

    return _with(images, newest, "newest")


def _with(images: Images, ask: Callable[[BaseImage], object], field: str) -> Images:
    values = concurrently.map_concurrently(ask, images)
    return tuple(replace(image, **{field: values[image]}) for image in images)


def joined(images: Iterable[BaseImage]) -> Images:
    """Return the `images` of the jobs for several platforms, each image once and with its oldest date."""
    merged: dict[tuple[str, Digest], BaseImage] = {}
    for image in images:
        known = merged.setdefault((image.name, image.digest), image)
        dates = [date for date in (known.created, image.created) if date]
        merged[image.name, image.digest] = replace(
            known, created=min(dates, default=None), newest=image.newest or known.newest
        )
    return tuple(merged.values())
