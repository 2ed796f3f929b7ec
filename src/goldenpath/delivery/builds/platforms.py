"""The images that jobs built for one platform each, as they were handed over: which of them are believed."""

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
    """Return the work folder of each platform in `folder`, where several lie side by side and one may lie in itself.

    With `reports` whose labels are platforms, each must be the one that the job of its platform wrote; reports of other
    stages do not count. Raises `EvidenceMismatch` when an image is not, and when none is reported although that is
    `demanded`.
    """
    of_platforms = [each for each in reports if "/" in each.label]
    alone = WorkFolder(folder)
    # Of several artifacts actions/download-artifact makes a folder each, of one it makes none.
    works = (alone,) if alone.candidate.exists() else tuple(map(WorkFolder, sorted(folder.glob("*/"))))
    if not of_platforms and not demanded:
        return works
    evidence.Evidence({name: digest for each in of_platforms for name, digest in each.digests.items()}).require_any()
    by_platform = {normal(report.label): report for report in of_platforms}
    return tuple(_believed(each, by_platform) for each in works)


def normal(platform: str) -> str:
    """Return `platform` as BuildKit writes it into an image: arm64 has one variant."""
    return platform.removesuffix("/v8") if platform.endswith("arm64/v8") else platform


def _believed(work: WorkFolder, reports: Mapping[str, Report]) -> WorkFolder:
    """Return `work` with the evidence of the platform that its image is for."""
    candidate = work.read_candidate()
    names = [normal(image.platform) for image in candidate.platforms]
    if len(names) != 1 or names[0] not in reports:
        raise EvidenceMismatch(
            f"no job of this run reported the image for {', '.join(names) or 'no platform'} in {work.path.name}",
            why=f"there are reports of {', '.join(reports) or 'no platform'}",
            fix=evidence.RUN_AGAIN,
        )
    return WorkFolder(work.path, evidence.Evidence(reports[names[0]].digests))
