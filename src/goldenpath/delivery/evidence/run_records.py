"""The files that runs left, in folders of a person: work folders, or the artifacts of runs as `gh` downloads them.

Anybody may have written them. So links are not followed, sizes are limited, a name counts only as far as it is one of
ours, and a record belongs to a release only by the digest, commit and environment in it.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.model.candidate import Candidate
from goldenpath.delivery.model.receipt import Receipt, State
from goldenpath.delivery.model.verdict import Verdict
from goldenpath.delivery.scanners import syft
from goldenpath.shared import codec
from goldenpath.shared.errors import BadInput
from goldenpath.shared.evidence_archive import MissingEvidence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from goldenpath.shared.names import Digest
    from goldenpath.shared.workflow_run import WorkflowRun

LARGEST_FILE = 64 << 20
MOST_FILES = 50_000
# `gh run download 12345678901 --dir records/12345678901`: the folder of a run is named after its number.
_RUN = re.compile(r"[1-9][0-9]{5,18}", re.ASCII)
_MOST_REFUSALS = 100
# The end of the name of a folder that is not filled yet: a fetch of its files was ended, or goes on.
PART = ".part"


class RecordKind(StrEnum):
    """A file that belongs in the archive, by its name."""

    RECEIPT = "receipt.json"
    CANDIDATE = "candidate.json"
    GITLEAKS = "gitleaks.verdict.json"
    TRIVY = "trivy.verdict.json"
    SPDX = "sbom.spdx.json"
    CYCLONEDX = "sbom.cdx.json"


_MODELS: dict[RecordKind, type[Receipt | Candidate | Verdict]] = {
    RecordKind.RECEIPT: Receipt, RecordKind.CANDIDATE: Candidate,
    RecordKind.GITLEAKS: Verdict, RecordKind.TRIVY: Verdict,
}  # fmt: skip


@dataclass(frozen=True)
class RunRecord:
    """One file of a run. `value` is its content; of an SBOM that is only the digest of the image that it is about.

    `folder_run` is the number of the workflow run after which its folder is named; empty where none is.
    """

    kind: RecordKind
    path: Path
    sha256: str
    folder_run: str
    value: Receipt | Candidate | Verdict | Digest

    def is_of(self, digest: str, commit: str, environment: str, platforms: Collection[str] = ()) -> bool:
        """Tell whether this is a record of the release of the image `digest` of `commit` to `environment`.

        `platforms` are the digests of the image's platforms: an SBOM is about one of them.
        """
        match self.value:
            case Receipt() as receipt:
                return (receipt.digest, receipt.environment) == (digest, environment)
            case Verdict() as verdict:
                subject = digest if self.kind is RecordKind.TRIVY else commit
                return (verdict.subject, verdict.environment) == (subject, environment)
            case Candidate() as candidate:
                return candidate.digest == digest
            case inventoried:
                return inventoried == digest or inventoried in platforms

    @property
    def named_run(self) -> WorkflowRun | None:
        """The workflow run that it names itself; none where it was written on a command line."""
        return self.value.run if isinstance(self.value, Receipt | Verdict) else None

    @property
    def run(self) -> str:
        """The number of the workflow run that it names, else of its folder's; empty where there is neither."""
        return str(self.named_run.id) if self.named_run else self.folder_run

    @property
    def is_misplaced(self) -> bool:
        """Whether it is among the files of another run than it names."""
        return bool(self.folder_run) and self.run != self.folder_run

    @property
    def subject(self) -> str:
        """The digest or the commit that this is about."""
        match self.value:
            case Receipt(digest=subject) | Candidate(digest=subject) | Verdict(subject=subject):
                return subject
            case inventoried:
                return inventoried

    @property
    def released(self) -> Receipt | None:
        """The receipt of a release that the registry took; `None` for any other record."""
        receipt = self.value if isinstance(self.value, Receipt) else None
        return receipt if receipt and receipt.state in {State.RELEASED, State.UNCHANGED} else None


@dataclass(frozen=True)
class RunRecords:
    """Every record in the folders, the same bytes once, and the files that could not be taken."""

    records: tuple[RunRecord, ...] = ()
    refused: tuple[MissingEvidence, ...] = ()

    @property
    def digests(self) -> frozenset[str]:
        """The images that a receipt or a verdict is about."""
        values = (record.value for record in self.records)
        named = {value.digest if isinstance(value, Receipt) else value.subject
                 for value in values if isinstance(value, Receipt | Verdict)}  # fmt: skip
        return frozenset(named)


def read(folders: Iterable[Path]) -> RunRecords:
    """Read the records in `folders` and below. Raises `BadInput` for what is no folder, or has too many files."""
    records: dict[tuple[RecordKind, str], RunRecord] = {}
    refused: list[MissingEvidence] = []
    for folder in folders:
        for path in _files(folder):
            try:
                record = _record(path, path.relative_to(folder))
            except (ValueError, OSError) as error:
                refused.append(_refused(path.relative_to(folder), error))
            else:
                known = records.setdefault((record.kind, record.sha256), record)
                if record.run and not known.run:
                    records[record.kind, record.sha256] = record
    ordered = sorted(records.values(), key=lambda record: (record.kind, record.sha256))
    if len(refused) > _MOST_REFUSALS:
        left = len(refused) - _MOST_REFUSALS
        refused[_MOST_REFUSALS:] = [MissingEvidence("records", f"{left} more files could not be read", "See above")]
    return RunRecords(tuple(ordered), tuple(refused))


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in `folder` whose names are those of records, in order."""
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder", fix="Name a folder with the files of runs: --records records/")
    seen = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.endswith(PART))
        seen += len(names)
        if seen > MOST_FILES:
            raise BadInput(
                f"{folder} has more than {MOST_FILES} files", fix="Name the folder with the files of the runs only"
            )
        yield from (Path(place) / name for name in sorted(names) if name in set(RecordKind))


def _record(path: Path, below: Path) -> RunRecord:
    content = _content(path)
    kind, digest = RecordKind(path.name), hashlib.sha256(content).hexdigest()
    run = next((part for part in below.parts if _RUN.fullmatch(part)), "")
    return RunRecord(kind, path, digest, run, _value(kind, content))


def _value(kind: RecordKind, content: bytes) -> Receipt | Candidate | Verdict | Digest:
    if kind is RecordKind.SPDX:
        return syft.spdx_subject(content)
    if kind is RecordKind.CYCLONEDX:
        return syft.cyclonedx_subject(content)
    value = codec.decode(content, _MODELS[kind])
    if isinstance(value, Verdict) and not kind.startswith(value.gate):
        raise ValueError(f"it is a verdict of {value.gate}")
    return value


def _content(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123  a descriptor, so that what is checked is what is read
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no regular file")
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ValueError(f"it is larger than {LARGEST_FILE >> 20} MB")
    return content


def _refused(path: Path, error: ValueError | OSError) -> MissingEvidence:
    why = (error.strerror or "") if isinstance(error, OSError) else str(error)
    return MissingEvidence(
        f"file {str(path)[:300]!a}", f"not taken: {why[:300]!a}", "Download the artifact of the run again"
    )
