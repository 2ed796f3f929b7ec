"""Images of several platforms are taken from the jobs that built them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.builds import joining
from goldenpath.delivery.model.evidence import Report
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared import codec
from goldenpath.shared.errors import EvidenceMismatch
from tests.unit import run_builder
from tests.unit.layout_builder import AMD64, ARM64, layout

if TYPE_CHECKING:
    from goldenpath.delivery.model.layout import PlatformFields


A, B = "a" * 64, "b" * 64


def reports(**lines: object) -> str:
    return "\n".join(f"{label}: {json.dumps(json.dumps(files))}" for label, files in lines.items())


def built(folder: Path, platform: PlatformFields = AMD64) -> WorkFolder:
    """Return the work folder of a job that built for one platform."""
    work = WorkFolder(folder)
    codec.write(work.candidate, run_builder.candidate(layout(work.layout, platform)))
    return work


def reported(**works: WorkFolder) -> tuple[Report, ...]:
    return tuple(Report(work.left_by("build").digests, f"linux/{name}") for name, work in works.items())


@pytest.mark.parametrize("alone", [False, True], ids=["side by side", "one straight in the folder"])
def test_an_image_is_taken_when_the_job_of_its_platform_reported_it(tmp_path: Path, alone: bool) -> None:
    work = built(tmp_path / "platforms" / ("" if alone else "linux-arm64"), ARM64)
    (taken,) = joining.handed_over(tmp_path / "platforms", reported(arm64=work), demanded=True)
    assert (taken.path, taken.read_candidate().platforms[0].platform) == (work.path, "linux/arm64/v8")


def test_the_report_of_another_stage_is_no_report_of_a_platform(tmp_path: Path) -> None:
    work = built(tmp_path / "platforms" / "linux-amd64")
    bases = Report({"bases.json": A}, "pull-bases")
    (taken,) = joining.handed_over(tmp_path / "platforms", (bases, *reported(amd64=work)), demanded=True)
    assert taken.path == work.path
    with pytest.raises(EvidenceMismatch, match="There is no evidence"):
        joining.handed_over(tmp_path / "platforms", (bases,), demanded=True)


def test_an_image_that_another_platform_reported_is_refused(tmp_path: Path) -> None:
    work = built(tmp_path / "platforms" / "linux-amd64", AMD64)
    with pytest.raises(EvidenceMismatch, match="No job of this run reported the image for linux/amd64 in linux-amd64"):
        joining.handed_over(tmp_path / "platforms", reported(arm64=work), demanded=True)


@pytest.mark.parametrize("reports", [(), (Report({}, "linux/amd64"),)], ids=["none", "an empty one"])
def test_images_of_platforms_without_evidence_are_refused_in_a_workflow_run(
    tmp_path: Path, reports: tuple[Report, ...]
) -> None:
    built(tmp_path / "platforms" / "linux-amd64")
    with pytest.raises(EvidenceMismatch, match="There is no evidence"):
        joining.handed_over(tmp_path / "platforms", reports, demanded=True)


def test_at_a_terminal_images_of_platforms_need_no_evidence(tmp_path: Path) -> None:
    work = built(tmp_path / "platforms" / "linux-amd64")
    assert joining.handed_over(tmp_path / "platforms", (), demanded=False) == (work,)
    assert joining.handed_over(tmp_path / "nowhere", (), demanded=False) == ()
