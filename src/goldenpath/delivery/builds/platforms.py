"""Read the images that jobs built for one platform each, and check them against the reports of these jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model import evidence
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared.errors import EvidenceMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from goldenpath.delivery.model.evidence import Report


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
