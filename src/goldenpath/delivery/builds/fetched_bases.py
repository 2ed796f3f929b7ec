"""Read the base images that the stage `pull-bases` fetched, and check each against its digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.delivery.model import evidence
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.private_base import FetchedBases
from goldenpath.shared.errors import CandidateChanged, EvidenceMismatch

if TYPE_CHECKING:
    from goldenpath.delivery.model.work_folder import WorkFolder


def fetched(work: WorkFolder) -> FetchedBases:
    """Return the images that were fetched into `work`, each checked; none where no job fetched any.

    Raises `EvidenceMismatch` when one is not what the job that fetched it reported.
    """
    if not work.has(work.bases):
        return FetchedBases({})
    bases = work.read_bases()
    for name, digest in bases.images.items():
        try:
            Layout(work.base_layout(digest)).require_whole(digest)
        except CandidateChanged as error:
            raise EvidenceMismatch(
                f"The base image {name} is not the one that was fetched", why=error.what, fix=evidence.RUN_AGAIN
            ) from error
    return bases
