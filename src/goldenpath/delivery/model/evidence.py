"""Evidence: the SHA-256 of every file that a job hands over, reported in the outputs of that job.

Any job of a workflow run can replace any artifact of that run, but only a job itself can set its own outputs. So a file
is trusted if an output of the job that wrote it has its digest (docs/adr/0010-evidence.md).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import msgspec

from goldenpath.shared import codec
from goldenpath.shared.errors import EvidenceMismatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

T = TypeVar("T")
RUN_AGAIN = 'Choose "Re-run all jobs". If it happens again, look for another job of this run that writes artifacts.'
_LONGEST = 64 * 1024
_MOST_FILES = 256
_LABEL = re.compile(r"([a-z0-9][a-z0-9/_-]*): (.*)")
# A file of the work folder, or of the folder of the last release in it.
_NAME = re.compile(r"(?:released/)?[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Report:
    """The report of one job: the SHA-256 of every file, by its name.

    `label` is the stage or the platform of the job, as the workflow names it; empty if the workflow names none.
    """

    digests: Mapping[str, str]
    label: str = ""


@dataclass(frozen=True)
class Evidence:
    """The SHA-256, in hex, of every file that the jobs of a run handed over, by its name in the work folder."""

    digests: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, reports: Iterable[Report]) -> Evidence:
        """Return the evidence of all `reports`. Raises `EvidenceMismatch` if two of them differ about one file."""
        merged: dict[str, str] = {}
        for report in reports:
            for name, digest in report.digests.items():
                if merged.setdefault(name, digest) != digest:
                    raise EvidenceMismatch(
                        f"Two jobs of this run report different bytes of {name}",
                        why=f"One reports the SHA-256 {merged[name]}, another {digest}",
                        fix=RUN_AGAIN,
                    )
        return cls(merged)

    def require_any(self) -> None:
        """Raise `EvidenceMismatch` when nothing was reported at all."""
        if not self.digests:
            raise EvidenceMismatch(
                "There is no evidence of the files in the work folder",
                why="The input `evidence` is empty: the workflow does not pass it, or GitHub dropped an output because "
                "it holds a masked value",
                fix="Pass the output `evidence` of every stage before this one, one a line. If the workflow does so, "
                "look for a secret of a few characters",
            )

    def below(self, folder: str) -> Evidence:
        """Return the evidence of the files in `folder` by their names there; it is empty where no job reported any."""
        inside = f"{folder}/"
        return Evidence(
            {name.removeprefix(inside): digest for name, digest in self.digests.items() if name.startswith(inside)}
        )

    @property
    def line(self) -> str:
        """The evidence as an output of a job: one line of JSON."""
        return msgspec.json.encode(dict(sorted(self.digests.items()))).decode()


def of_files(files: Iterable[Path], folder: Path) -> Evidence:
    """Return the evidence of `files` in the work folder `folder`."""
    return Evidence({file.relative_to(folder).as_posix(): sha256(file.read_bytes()) for file in files})


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content`, in hex."""
    return hashlib.sha256(content).hexdigest()


def parse(raw: str) -> tuple[Report, ...]:
    """Return the reports in `raw`, one a line. Raises `ValueError` when a line is none, or when they are too many.

    A line is an object, `{"candidate.json": "<sha256>"}`, or such lines as a JSON string behind a label and a colon:
    `build: "{…}"`. The workflow writes the label, so the job whose output is quoted cannot choose another one.
    """
    if len(raw) > _LONGEST:
        raise ValueError(f"it is longer than {_LONGEST} characters")
    reports = tuple(_reports(raw))
    if sum(len(report.digests) for report in reports) > _MOST_FILES:
        raise ValueError(f"it lists more than {_MOST_FILES} files")
    return reports


def _reports(raw: str) -> Iterator[Report]:
    for line in filter(None, (line.strip() for line in raw.splitlines())):
        labelled = _LABEL.fullmatch(line)
        if labelled is None:
            yield Report(_decoded(line, dict[str, str]))
            continue
        for inner in filter(None, _decoded(labelled[2], str).splitlines()):
            yield Report(_decoded(inner, dict[str, str]), labelled[1])


def _decoded(line: str, kind: type[T]) -> T:
    try:
        value = codec.decode(line, kind)
    except ValueError as error:
        raise ValueError(f"a line is not what a stage puts out as `evidence`: {error}") from None
    if isinstance(value, dict):
        for name, digest in value.items():
            if not _NAME.fullmatch(name) or not _SHA256.fullmatch(digest):
                raise ValueError(f"{name[:80]!a}: {digest[:80]!a} is not the SHA-256 of a file")
    return value
