"""Join the images that jobs built for one platform each into one candidate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.delivery.builds import bases
from goldenpath.delivery.model import evidence
from goldenpath.delivery.model.layout import Layout, joined
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared.errors import BuildFailed, CheckoutDiffers, EvidenceMismatch

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from goldenpath.delivery.builds.buildx import BuildOrder
    from goldenpath.delivery.builds.context_artifact import Addition
    from goldenpath.delivery.model.base_image import BaseImage
    from goldenpath.delivery.model.evidence import Report
    from goldenpath.delivery.model.image_origins import ImageOrigins
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.names import Digest, Platform


@dataclass(frozen=True)
class BuildResult:
    """How the candidate was built: `by` which builders, from which `bases`, and which `frontends` read its Dockerfile.

    `origins` names by platform the steps that brought the layers; a build for the builder's own platform has no name
    for it. `cache` is the digest of the build cache that was used, `cache_written` the digits of the one that was
    written.
    """

    by: str
    frontends: tuple[str, ...]
    bases: tuple[BaseImage, ...] | None
    warnings: tuple[str, ...] = ()
    origins: Mapping[str, ImageOrigins | None] = field(default_factory=dict)
    cache: Digest | None = None
    cache_written: str = ""

    def origins_of(self, platform: Platform) -> ImageOrigins | None:
        """Return the origins of the layers of the image for `platform`; `None` where they are not known."""
        return self.origins.get(normal(platform)) or self.origins.get("")


def join(run: Run, folder: Path, order: BuildOrder, checkout: str, added: Addition) -> BuildResult:
    """Make one candidate of those in `folder`.

    Raises `BuildFailed` when one is missing, or is of another commit, `CheckoutDiffers` when one was built from other
    files than the `checkout` with this digest and the files that are `added`, `CandidateChanged` when one is damaged,
    and `EvidenceMismatch` when the job of a platform did not report it.
    """
    works: dict[str, WorkFolder] = {}
    builders: list[str] = []
    images: list[str] = []
    from_images: list[tuple[BaseImage, ...] | None] = []
    origins: dict[str, ImageOrigins | None] = {}
    cache: Digest | None = None
    for work in handed_over(folder, run.request.evidence, demanded=run.runner.in_actions):
        candidate = work.read_candidate()
        Layout(work.layout).require_whole(candidate.digest)
        if candidate.commit != run.event.commit:
            raise _not_joined(f"{work.path.name} is of the commit {candidate.commit}", f"This is {run.event.commit}")
        if candidate.checkout != checkout:
            raise CheckoutDiffers(
                f"{work.path.name} was built from other files than those that are checked out here",
                why="Its runner wrote other bytes into its checkout of the same commit",
                fix="Look for filters and conversions in the git configuration of that runner, then run all jobs again",
            )
        added.require_same(candidate.context_artifact, work.path.name)
        for image in candidate.platforms:
            name = normal(image.platform)
            _require_new(name, works)
            works[name], origins[name] = work, image.origins
        builders.append(candidate.builder)
        images += candidate.frontends
        from_images.append(candidate.bases)
        cache = cache or candidate.cache
    wanted = [normal(platform) for platform in order.platforms] or list(works)
    _require_exactly(wanted, works)
    run.say(f"joining the images of {', '.join(wanted)}")
    joined([Layout(works[name].layout) for name in wanted], run.work.layout, order.annotations)
    by = "; ".join(dict.fromkeys(builders))
    return BuildResult(by, tuple(dict.fromkeys(images)), bases.joined(from_images), origins=origins, cache=cache)


def _require_new(name: str, built: Collection[str]) -> None:
    """Raise `BuildFailed` when there is an image for the platform `name` already."""
    if name in built:
        raise _not_joined(f"There are two images for {name}", "Two jobs are for the same platform")


def _require_exactly(wanted: Sequence[str], built: Collection[str]) -> None:
    """Raise `BuildFailed` unless there is an image for every platform that is wanted, and for no other."""
    there = f"images for {', '.join(built) or 'no platform'}"
    if missing := [name for name in wanted if name not in built]:
        raise _not_joined(
            f"The image for {', '.join(missing)} is missing", f"The job of that platform failed; there are {there}"
        )
    if not wanted or set(wanted) != set(built):
        raise _not_joined(f"There are {there}, and the build is for {', '.join(wanted) or 'at least one'}")


def _not_joined(what: str, why: str = "") -> BuildFailed:
    return BuildFailed(
        what,
        why=why or "The job of a platform failed, or two jobs are for the same one",
        fix="Look at the job of each platform; name each platform once in `runners`, then run all jobs again",
    )


def handed_over(folder: Path, reports: Sequence[Report], *, demanded: bool) -> tuple[WorkFolder, ...]:
    """Return the work folder of each platform: the folders in `folder`, or `folder` itself.

    With `reports` whose labels are platforms, each image must be the one that the job of its platform reported; reports
    of other stages do not count. Raises `EvidenceMismatch` when an image is not, and when none is reported although
    that is `demanded`.
    """
    of_platforms = [report for report in reports if "/" in report.label]
    single = WorkFolder(folder)
    # Of several artifacts actions/download-artifact makes a folder each, of one it makes none.
    works = (single,) if single.candidate.exists() else tuple(map(WorkFolder, sorted(folder.glob("*/"))))
    if not of_platforms and not demanded:
        return works
    digests = {name: digest for report in of_platforms for name, digest in report.digests.items()}
    evidence.Evidence(digests).require_any()
    by_platform = {normal(report.label): report for report in of_platforms}
    return tuple(_believed(work, by_platform) for work in works)


def normal(platform: str) -> str:
    """Return `platform` as BuildKit writes it into an image: arm64 has one variant."""
    return platform.removesuffix("/v8") if platform.endswith("arm64/v8") else platform


def _believed(work: WorkFolder, reports: Mapping[str, Report]) -> WorkFolder:
    """Return `work` with the evidence of the platform that its image is for."""
    candidate = work.read_candidate()
    names = [normal(image.platform) for image in candidate.platforms]
    if len(names) != 1 or names[0] not in reports:
        raise EvidenceMismatch(
            f"No job of this run reported the image for {', '.join(names) or 'no platform'} in {work.path.name}",
            why=f"There are reports of {', '.join(reports) or 'no platform'}",
            fix=evidence.RUN_AGAIN,
        )
    return WorkFolder(work.path, evidence.Evidence(reports[names[0]].digests))
