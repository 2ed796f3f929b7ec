"""What belongs to a release, and what is missing of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.evidence import merged_exceptions, release_evidence, run_records
from goldenpath.delivery.evidence.merged_exceptions import RulesHistory
from goldenpath.delivery.evidence.registry_images import RegistryImage
from goldenpath.delivery.evidence.release_evidence import ReleaseEvidence, ReleaseSources
from goldenpath.delivery.model.verdict import Result
from goldenpath.shared.merge_history import MergedChange
from goldenpath.shared.names import EcrRepository
from goldenpath.shared.workflow_run import WorkflowRun
from tests.unit.delivery.evidence import evidence_records
from tests.unit.delivery.evidence.evidence_records import COMMIT, DIGEST, EXCEPTION, MANIFEST, REPOSITORY, SOURCE, TAG

SINCE = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
IMAGE = RegistryImage(DIGEST, (TAG,), dt.datetime(2026, 10, 2, 8, tzinfo=dt.UTC), "ACTIVE")
CHANGE = MergedChange("c" * 40, "ann", SINCE, "Accept it (#7)", number=7, body="the text")


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = RulesHistory(Path("app"), "exceptions: []", (CHANGE,), is_whole=True)
    monkeypatch.setattr(RulesHistory, "brought", lambda _, exception: CHANGE if exception == EXCEPTION else None)
    monkeypatch.setattr(merged_exceptions, "read", lambda checkouts, _: rules if checkouts else None)


def collected(records: Path | None, **changed: Any) -> tuple[ReleaseEvidence, ...]:  # noqa: ANN401  fields
    given: dict[str, Any] = {
        "repository": REPOSITORY, "environment": "prod", "since": SINCE, "images": (IMAGE,),
        "manifests": {DIGEST: MANIFEST}, "records": run_records.read([records] if records else []).records,
        "checkouts": (Path("app"),), "confirm": lambda _, change: change,
    }  # fmt: skip
    return release_evidence.collect(ReleaseSources(**given | changed))


def gaps(release: ReleaseEvidence) -> list[str]:
    return [gap.what for gap in release.missing]


@pytest.mark.usefixtures("history")
def test_a_release_has_its_records_its_exceptions_and_its_run(tmp_path: Path) -> None:
    evidence_records.write_run(tmp_path / "12345678901", EXCEPTION)
    (release,) = collected(tmp_path)
    entry, folder = release.entry, f"releases/{REPOSITORY}/{DIGEST.hex}"
    assert (entry.commit, entry.source, entry.runs, entry.released_at) == (
        COMMIT, SOURCE, (f"{SOURCE}/actions/runs/12345678901",), evidence_records.DECIDED,
    )  # fmt: skip
    assert {file.path.removeprefix(f"{folder}/") for file in release.files} == {
        *run_records.RecordKind, "image.json", "manifest.json", "goldenpath.yml",
    }  # fmt: skip
    (exception,) = entry.exceptions
    assert exception.merge
    assert (exception.id, exception.owner, exception.merge.number, exception.merge.body) == ("CVE-2026-1", "ann", 7, "")
    assert gaps(release) == ["who merged the exception 'CVE-2026-1' is not known"]


@pytest.mark.usefixtures("history")
def test_the_page_of_a_run_that_records_name_counts_before_the_number_of_a_folder(tmp_path: Path) -> None:
    run = WorkflowRun("https://git.example", "team/my-app", 12345678901, 2)
    evidence_records.write_run(tmp_path / "12345678901", run=run)
    (release,) = collected(tmp_path)
    assert release.entry.runs == ("https://git.example/team/my-app/actions/runs/12345678901/attempts/2",)
    assert {record.run for record in release.entry.records} == {"12345678901"}


@pytest.mark.usefixtures("history")
def test_records_among_the_files_of_another_run_are_no_ordinary_evidence(tmp_path: Path) -> None:
    evidence_records.write_run(tmp_path / "12345678901", run=WorkflowRun("https://github.com", "team/my-app", 47))
    (release,) = collected(tmp_path)
    what = "names the run 47 and is among the files of run 12345678901"
    assert gaps(release) == [
        f"{name} {what}" for name in ("gitleaks.verdict.json", "receipt.json", "trivy.verdict.json")
    ]


@pytest.mark.usefixtures("history")
def test_a_release_of_which_only_the_registry_knows_lists_all_that_is_missing() -> None:
    (release,) = collected(None, checkouts=())
    assert (release.entry.commit, release.entry.source, release.entry.records) == (COMMIT, SOURCE, ())
    assert gaps(release) == [
        "no receipt", "no verdict of gitleaks", "no verdict of trivy", "no SBOM",
        "no description of the build (candidate.json)", f"no checkout has the commit {COMMIT}",
    ]  # fmt: skip
    (release,) = collected(None, manifests={}, images=(RegistryImage(DIGEST, (TAG,), IMAGE.pushed_at, "ARCHIVED"),))
    assert gaps(release)[-2:] == ["ECR gave no manifest", "no commit is known"]


@pytest.mark.usefixtures("history")
def test_an_image_that_ecr_has_no_longer_is_a_release_by_its_receipt(tmp_path: Path) -> None:
    evidence_records.write_run(tmp_path)
    (release,) = collected(tmp_path, images=(), manifests={})
    assert (release.entry.status, release.entry.pushed_at) == ("GONE", None)
    assert gaps(release) == ["no workflow run is known", "ECR no longer has this image"]
    (tmp_path / "trivy.verdict.json").unlink()
    (release,) = collected(tmp_path, images=(), manifests={})
    assert "when it was released is not known" in gaps(release)
    assert collected(tmp_path, images=(), repository=EcrRepository("team/other")) == ()
    assert collected(tmp_path, images=(), environment="dev") == ()


@pytest.mark.usefixtures("history")
def test_a_release_before_the_date_is_left_out_unless_its_gate_decided_later(tmp_path: Path) -> None:
    early = (RegistryImage(DIGEST, (TAG,), SINCE - dt.timedelta(days=9), "ACTIVE"),)
    assert collected(None, images=early) == ()
    evidence_records.write_run(tmp_path)
    assert len(collected(tmp_path, images=early)) == 1
    assert collected(tmp_path, since=SINCE + dt.timedelta(days=9)) == ()


@pytest.mark.usefixtures("history")
def test_a_verdict_that_blocks_is_no_ordinary_evidence_and_several_of_a_kind_are_numbered(tmp_path: Path) -> None:
    evidence_records.write_run(tmp_path / "123456")
    evidence_records.write_run(tmp_path / "123457", result=Result.BLOCK)
    (release,) = collected(tmp_path)
    assert gaps(release) == ["a verdict blocks, and the image has a tag of the environment"]
    names = {file.path.rpartition("/")[2] for file in release.files}
    assert {"trivy.verdict.json", "trivy.verdict.2.json"} <= names
    assert "receipt.2.json" not in names
