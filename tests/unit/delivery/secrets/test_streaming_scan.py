from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.scanners.scanner import failed
from goldenpath.delivery.secrets import gitleaks
from goldenpath.delivery.secrets.gitleaks import BatchReport, Leak
from goldenpath.delivery.secrets.scan_corpus import FileOrigin, ScanCorpus
from goldenpath.delivery.secrets.streaming_scan import LEAST, StreamingScan
from goldenpath.shared.errors import ScannerFailed
from tests.unit.program_double import program

if TYPE_CHECKING:
    from goldenpath.delivery.secrets.scan_batches import Batch

PIECE = b"a line of text;\n" * 5_000


class Second:
    """A second thread whose work is done when the test says so."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.reports: list[Future[BatchReport]] = []

    def start(self, _work: object, _program: object, batch: Batch) -> Future[BatchReport]:
        self.batches.append(batch)
        self.reports.append(Future())
        return self.reports[-1]


def report(batch: Batch, *names: str) -> BatchReport:
    return BatchReport(batch.folder, tuple(Leak("github-pat", "d", 2, name, "", 5.0) for name in names), ())


@pytest.fixture
def files(tmp_path: Path) -> ScanCorpus:
    return ScanCorpus(tmp_path)


@pytest.fixture
def second(files: ScanCorpus) -> Second:
    second = Second()
    files.packed.on_tar = StreamingScan(program("gitleaks"), files, second).begin  # type: ignore[arg-type]
    return second


def write(files: ScanCorpus, tars: int) -> None:
    """Write until so many more tar files are complete."""
    complete = len(files.packed.tars) + tars
    while len(files.packed.tars) < complete:
        number = f"{len(files.origins):07d}"
        files.origins[number] = FileOrigin(number, f"{number}.txt")
        files.packed.add(number, "a.txt", [PIECE])


def test_a_batch_is_scanned_while_more_is_written_and_the_next_once_it_is_done(
    files: ScanCorpus, second: Second
) -> None:
    write(files, LEAST - 1)
    assert second.batches == []
    write(files, 2 * LEAST)
    assert [len(each.tars) for each in second.batches] == [LEAST]
    second.reports[0].set_result(report(second.batches[0]))
    write(files, 1)
    assert len(second.batches) == 2
    assert not {*second.batches[0].tars} & {*second.batches[1].tars}


def test_nothing_more_is_written_once_a_batch_could_not_be_scanned(files: ScanCorpus, second: Second) -> None:
    write(files, LEAST + 2)
    second.reports[0].set_exception(failed("gitleaks", "why"))
    with pytest.raises(ScannerFailed):
        write(files, 2)


def test_all_batches_and_the_rest_are_one_result(
    files: ScanCorpus, second: Second, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = StreamingScan(program("gitleaks"), files, second)  # type: ignore[arg-type]
    files.packed.on_tar = early.begin
    write(files, LEAST + 3)
    files.close()
    scanned: list[Batch] = []

    def scan_batch(_: object, batch: Batch) -> BatchReport:
        scanned.append(batch)
        return report(batch, f"{batch.tars[-1].name}!0000001-plain")

    monkeypatch.setattr(gitleaks, "scan_batch", scan_batch)
    second.reports[0].set_result(report(second.batches[0], "000000.tar!0000000-plain"))
    leaks, _ = early.finish()
    assert [leak.File for leak in leaks] == ["0000000.txt", "0000001.txt"]
    assert [*second.batches[0].tars, *scanned[0].tars] == files.packed.tars


def test_where_there_is_nothing_to_scan_gitleaks_still_has_to_show_that_it_looks(
    files: ScanCorpus, second: Second, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned: list[Batch] = []

    def scan_batch(_: object, batch: Batch) -> BatchReport:
        scanned.append(batch)
        return report(batch)

    monkeypatch.setattr(gitleaks, "scan_batch", scan_batch)
    assert StreamingScan(program("gitleaks"), files, second).finish() == ((), ())  # type: ignore[arg-type]
    assert len(scanned) == 1
