"""What is known of base images beside their digest: how old they are, and whether their tag names a newer one."""

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

    from goldenpath.delivery.builds.buildx import Order
    from goldenpath.delivery.model.base_image import BaseImage
    from goldenpath.delivery.model.private_base import FetchedBases
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.names import Digest

Images = tuple["BaseImage", ...]


@dataclass(frozen=True)
class Learned:
    """What a build learns of its base images: `warnings` before it begins, the tags of today while it runs."""

    warnings: tuple[str, ...] = ()
    pending: Future[Images] | None = None

    def images(self) -> Images | None:
        """Return the images with all that is known of them, waiting for the last answers of their registries."""
        return self.pending.result() if self.pending else None


@contextmanager
def learned(run: Run, images: Images | None, order: Order, fetched: FetchedBases) -> Iterator[Learned]:
    """Give what is known of `images`, of whose build the block consists; `order` is as the app wrote it.

    Raises `BaseRefused` when one is too old for the environment.
    """
    known = None if images is None else dated(run, images, order, fetched)
    warnings = require_young(known, run.environment, datetime.now(UTC))
    if known is None:
        yield Learned(warnings)
        return
    with alongside() as second:
        yield Learned(warnings, second.start(compared, known, order, fetched))


def dated(run: Run, images: Images, order: Order, fetched: FetchedBases) -> Images:
    """Return `images` with the date of each, if any environment has a rule about it: the release may be to another."""
    if not any(each.base_age for each in run.policy.environments):
        return images

    def date(image: BaseImage) -> datetime | None:
        if image not in fetched.records:
            return public_registry.created(image, order.platforms)
        try:
            layout = Layout(run.work.base_layout(image.digest))
            return min(filter(None, (layout.config(each).made for each in layout.images())), default=None)
        except CandidateChanged:
            return None

    return _with(images, date, "created")


def compared(images: Images, order: Order, fetched: FetchedBases) -> Images:
    """Return `images` with the digest that the tag of each names.

    BuildKit looked up most of them a moment ago. Only where the app itself writes a digest is the registry asked; not
    for a private image that another job fetched, as this one has no login.
    """
    given = (
        order.dockerfile.read_text(errors="replace"),
        *(value for _, value in (*order.build_args, *order.build_contexts)),
    )

    def newest(image: BaseImage) -> Digest | None:
        if not image.tag or image.is_in_a_folder:
            return None
        if not any(image.digest in each for each in given):
            return image.digest
        return None if image in fetched.records else public_registry.newest(image)

    return _with(images, newest, "newest")


def _with(images: Images, ask: Callable[[BaseImage], object], field: str) -> Images:
    answers = concurrently.map_concurrently(ask, images)
    return tuple(replace(each, **{field: answers[each]}) for each in images)


def joined(images: Iterable[BaseImage]) -> Images:
    """Return each image once, of those that jobs for several platforms used: its oldest date counts."""
    found: dict[tuple[str, Digest], BaseImage] = {}
    for each in images:
        known = found.setdefault((each.name, each.digest), each)
        dates = [date for date in (known.created, each.created) if date]
        found[each.name, each.digest] = replace(
            known, created=min(dates, default=None), newest=each.newest or known.newest
        )
    return tuple(found.values())
