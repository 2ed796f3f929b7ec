"""What strangers left in a folder is taken only as far as it is a record."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from goldenpath.delivery.evidence import run_records
from goldenpath.delivery.evidence.run_records import RecordKind
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.receipt import State
from goldenpath.shared import codec
from goldenpath.shared.errors import BadInput
from goldenpath.shared.names import Digest
from goldenpath.shared.workflow_run import WorkflowRun
from tests.unit.delivery.evidence import evidence_records

if TYPE_CHECKING:
    from pathlib import Path

RUN = WorkflowRun("https://github.com", "team/my-app", 47, 2)
DIGEST, COMMIT = evidence_records.DIGEST, evidence_records.COMMIT


def test_records_are_read_with_the_run_of_their_folder_and_belong_to_one_release(tmp_path: Path) -> None:
    evidence_records.write_run(tmp_path / "12345678901" / "goldenpath-receipt-1")
    read = run_records.read([tmp_path])
    assert [record.kind for record in read.records] == sorted(RecordKind)
    assert ({record.run for record in read.records}, read.refused) == ({"12345678901"}, ())
    assert all(record.is_of(DIGEST, COMMIT, "prod") for record in read.records)
    other = Digest.of(b"other")
    assert not any(record.is_of(other, "e" * 40, "prod") for record in read.records)
    assert all(
        record.is_of(other, COMMIT, "prod", {DIGEST}) for record in read.records if record.kind.startswith("sbom")
    )
    assert read.digests == {DIGEST, COMMIT}
    in_dev = {record.kind for record in read.records if record.is_of(DIGEST, COMMIT, "dev")}
    assert in_dev == {RecordKind.CANDIDATE, RecordKind.SPDX, RecordKind.CYCLONEDX}


def test_a_record_names_its_run_itself_whatever_its_folder_is_called(tmp_path: Path) -> None:
    evidence_records.write_run(tmp_path / "12345678901", run=RUN)
    runs = {
        record.kind: (record.run, record.named_run, record.is_misplaced)
        for record in run_records.read([tmp_path]).records
    }
    named = {RecordKind.RECEIPT, RecordKind.GITLEAKS, RecordKind.TRIVY}
    assert runs == {kind: ("47", RUN, True) if kind in named else ("12345678901", None, False) for kind in RecordKind}


def test_a_record_whose_run_is_at_no_github_is_not_taken(tmp_path: Path) -> None:
    evidence_records.write_run(tmp_path, run=RUN)
    receipt = tmp_path / "receipt.json"
    receipt.write_text(receipt.read_text().replace("https://github.com", "javascript:alert(1)//"))
    read = run_records.read([tmp_path])
    assert RecordKind.RECEIPT not in {record.kind for record in read.records}
    (refused,) = read.refused
    assert "no repository on a GitHub server" in refused.what


def test_the_same_bytes_count_once_and_a_known_run_wins(tmp_path: Path) -> None:
    for folder in ("a", "b/12345678901", "c"):
        evidence_records.write_run(tmp_path / folder)
    read = run_records.read([tmp_path, tmp_path / "a"])
    assert (len(read.records), {record.run for record in read.records}) == (len(RecordKind), {"12345678901"})


def test_a_folder_that_is_still_being_filled_is_not_read(tmp_path: Path) -> None:
    evidence_records.write_run(tmp_path / "12345678901" / ".goldenpath-receipt-1.part")
    assert run_records.read([tmp_path]).records == ()


def test_a_release_that_was_undone_is_no_release(tmp_path: Path) -> None:
    undone = msgspec.structs.replace(evidence_records.RECEIPT, state=State.UNDONE)
    codec.write(tmp_path / "receipt.json", undone)
    (record,) = run_records.read([tmp_path]).records
    assert record.released is None


def test_a_verdict_of_the_other_gate_is_not_taken(tmp_path: Path) -> None:
    codec.write(tmp_path / "trivy.verdict.json", evidence_records.verdict(Gate.GITLEAKS))
    assert [gap.what for gap in run_records.read([tmp_path]).refused] == ["not taken: 'it is a verdict of gitleaks'"]


def test_links_pipes_large_and_broken_files_are_listed_and_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_records, "LARGEST_FILE", 1 << 20)
    for folder in ("deep", "huge", "link", "no-json", "pipe", "sbom"):
        (tmp_path / folder).mkdir()
    (tmp_path / "deep" / "receipt.json").write_text("[" * 100_000)
    (tmp_path / "huge" / "receipt.json").write_bytes(b" " * ((1 << 20) + 1))
    (tmp_path / "link" / "receipt.json").symlink_to("/etc/passwd")
    (tmp_path / "no-json" / "receipt.json").write_bytes(b"\xff<script>")
    (tmp_path / "sbom" / "sbom.spdx.json").write_text('{"packages": [{"versionInfo": "../x"}]}')
    os.mkfifo(tmp_path / "pipe" / "receipt.json")
    read = run_records.read([tmp_path])
    assert read.records == ()
    assert [gap.about for gap in read.refused] == [
        f"file '{folder}/{name}'" for folder, name in (
            ("deep", "receipt.json"), ("huge", "receipt.json"), ("link", "receipt.json"), ("no-json", "receipt.json"),
            ("pipe", "receipt.json"), ("sbom", "sbom.spdx.json"),
        )
    ]  # fmt: skip
    assert "it is larger than 1 MB" in read.refused[1].what
    assert "no regular file" in read.refused[4].what


def test_many_broken_files_are_counted_and_too_many_files_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(102):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "receipt.json").write_text("{}")
    assert run_records.read([tmp_path]).refused[-1].what == "2 more files could not be read"
    monkeypatch.setattr(run_records, "MOST_FILES", 50)
    with pytest.raises(BadInput, match="has more than 50 files"):
        run_records.read([tmp_path])


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no folder"):
        run_records.read([tmp_path / "missing"])
