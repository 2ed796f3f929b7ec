from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.builds import fetched_bases
from goldenpath.delivery.model.private_base import FetchedBases
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared import codec
from goldenpath.shared.errors import EvidenceMismatch
from goldenpath.shared.names import Digest

BASE = "registry.example/python:3"


def test_an_image_that_is_not_whole_is_refused_by_its_name(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    codec.write(work.bases, FetchedBases({BASE: Digest.of(b"another")}))
    with pytest.raises(EvidenceMismatch, match=f"The base image {BASE} is not the one that was fetched"):
        fetched_bases.fetched(work)


def test_where_no_job_fetched_any_there_are_none(tmp_path: Path) -> None:
    assert fetched_bases.fetched(WorkFolder(tmp_path)) == FetchedBases({})
