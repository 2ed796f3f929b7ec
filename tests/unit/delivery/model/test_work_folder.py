from __future__ import annotations

import re
from pathlib import Path

import pytest

from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.shared.errors import BadInput, DiskTrouble, StageOutOfOrder, WorkFolderBusy


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda work: work.read_candidate(), "candidate.json is missing"),
        (lambda work: work.read_findings(Gate.TRIVY), "trivy.json is missing"),
        (lambda work: work.read_verdict(Gate.GITLEAKS), "gitleaks.verdict.json is missing"),
        (lambda work: work.read_receipt(), "receipt.json is missing"),
    ],
)
def test_what_no_stage_left_is_missed_by_name(tmp_path: Path, read: object, message: str) -> None:
    with pytest.raises(StageOutOfOrder, match=re.escape(message)):
        read(WorkFolder(tmp_path))  # type: ignore[operator]


def test_every_file_has_the_name_that_is_documented(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    paths = [
        work.layout, work.candidate, work.spdx, work.cyclonedx, work.receipt, work.timing("sbom"),
        *(path(gate) for gate in Gate for path in (work.findings, work.sarif, work.verdict)),
    ]  # fmt: skip
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "candidate", "candidate.json", "sbom.spdx.json", "sbom.cdx.json", "receipt.json", "sbom.timing.json",
        "gitleaks.json", "gitleaks.sarif", "gitleaks.verdict.json", "trivy.json", "trivy.sarif", "trivy.verdict.json",
    ]  # fmt: skip


def test_forgetting_what_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    work.receipt.touch()
    work.forget(work.receipt, work.candidate)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_forgotten_is_disk_trouble(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    work.receipt.mkdir()
    with pytest.raises(DiskTrouble, match=r"receipt\.json cannot be written or read"):
        work.forget(work.receipt)


@pytest.mark.parametrize("inside", ["", "work", "a/../work", "link"])
def test_a_work_folder_inside_the_build_context_is_refused(tmp_path: Path, inside: str) -> None:
    context = tmp_path / "app"
    (context / "work").mkdir(parents=True)
    (context / "a").mkdir()
    (tmp_path / "elsewhere").symlink_to(context / "work")
    work = WorkFolder(tmp_path / "elsewhere" if inside == "link" else context / inside)
    with pytest.raises(BadInput) as caught:
        work.refuse_inside(context)
    assert caught.value.what == f"The work folder {work.path} lies inside the build context {context}"
    assert caught.value.fix == "Choose a folder outside of the build context with --work-dir"


def test_a_work_folder_beside_the_build_context_is_good(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    work = WorkFolder(tmp_path / "app-work")
    work.refuse_inside(tmp_path / "app")
    with work.claimed():
        assert work.path.is_dir()


def test_two_deliveries_do_not_use_one_work_folder_at_once(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "work")
    with work.claimed(), pytest.raises(WorkFolderBusy) as caught, WorkFolder(tmp_path / "work").claimed():
        pass
    assert caught.value.what == f"Another delivery is using the work folder {work.path}"
    with work.claimed():
        pass


def test_a_work_folder_that_cannot_be_made_is_disk_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskTrouble), WorkFolder(tmp_path / "file" / "work").claimed():
        pass
