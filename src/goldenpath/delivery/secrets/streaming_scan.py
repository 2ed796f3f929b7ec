"""Run gitleaks on the complete batches while others are still being written."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from goldenpath.delivery.secrets import gitleaks
from goldenpath.shared.parallel import alongside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from goldenpath.delivery.secrets.gitleaks import BatchReport, Leak
    from goldenpath.delivery.secrets.scan_corpus import ScanCorpus
    from goldenpath.shared.parallel import Alongside
    from goldenpath.shared.toolchain import Program

# Tar files of one megabyte. Starting gitleaks takes as long as reading a quarter of one.
LEAST = 8


class StreamingScan:
    """The scan of `files`, one batch at a time: a batch begins when the one before is done."""

    def __init__(self, program: Program, files: ScanCorpus, second: Alongside) -> None:
        self._program, self._files, self._second = program, files, second
        self._started: list[Future[BatchReport]] = []

    def begin(self) -> None:
        """Start gitleaks on the complete tar files, if they are enough and no other batch is being scanned."""
        if self._started and self._started[-1].done():
            self._started[-1].result()
        elif self._started:
            return
        if len(self._files.packed.batch.tars) >= LEAST:
            batch = self._files.packed.take()
            self._started.append(self._second.start(gitleaks.scan_batch, self._program, batch))

    def finish(self) -> tuple[tuple[Leak, ...], tuple[str, ...]]:
        """Scan the rest and return the result of `gitleaks.scan_files`; call it once all files are written."""
        reports: list[BatchReport] = []
        if not self._files.packed.batch.is_empty or not self._started:
            reports.append(gitleaks.scan_batch(self._program, self._files.packed.take()))
        reports += [batch.result() for batch in self._started]
        return gitleaks.merge_reports(reports, self._files)


@contextmanager
def scan_while_writing(program: Program, files: ScanCorpus) -> Iterator[StreamingScan]:
    """Yield a scan of `files`, which are written in the block. If the block fails, gitleaks is stopped."""
    with alongside() as second:
        scan = StreamingScan(program, files, second)
        files.packed.on_tar = scan.begin
        yield scan
