"""The work folder: every file that one stage leaves for the next, by name, in one place."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.errors import BadInput, DiskTrouble, GoldenPathError
from goldenpath.model import codec
from goldenpath.model.candidate import Candidate
from goldenpath.model.finding import Findings, Gate
from goldenpath.model.receipt import Receipt
from goldenpath.model.timing import Timing, Timings
from goldenpath.model.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class WorkFolder:
    """The folder `path` in which stages hand over plain files."""

    path: Path

    @property
    def layout(self) -> Path:
        """The candidate's OCI image layout."""
        return self.path / "candidate"

    def findings(self, gate: Gate) -> Path:
        """Where `gate` writes its findings."""
        return self.path / f"{gate.value}.json"

    def sarif(self, gate: Gate) -> Path:
        """Where `gate` writes the same findings as SARIF."""
        return self.path / f"{gate.value}.sarif"

    def verdict(self, gate: Gate) -> Path:
        """Where `gate` writes its verdict."""
        return self.path / f"{gate.value}.verdict.json"

    @property
    def candidate(self) -> Path:
        """Where `build` writes what it built."""
        return self.path / "candidate.json"

    @property
    def spdx(self) -> Path:
        """The inventory as SPDX JSON."""
        return self.path / "sbom.spdx.json"

    @property
    def cyclonedx(self) -> Path:
        """The inventory as CycloneDX JSON."""
        return self.path / "sbom.cdx.json"

    @property
    def receipt(self) -> Path:
        """Where `ecr-push` writes what it released."""
        return self.path / "receipt.json"

    @property
    def timings(self) -> Path:
        """Where every stage leaves how it ended."""
        return self.path / "timings.json"

    def read_candidate(self) -> Candidate:
        """Return what `build` left. Raises `StageOutOfOrder` when it left nothing readable."""
        return codec.read(self.candidate, Candidate, written_by="build")

    def read_findings(self, gate: Gate) -> Findings:
        """Return what `gate` found. Raises `StageOutOfOrder` when it left nothing readable."""
        return codec.read(self.findings(gate), Findings, written_by=gate.stage)

    def read_verdict(self, gate: Gate) -> Verdict:
        """Return what `gate` decided. Raises `StageOutOfOrder` when it left nothing readable."""
        return codec.read(self.verdict(gate), Verdict, written_by=gate.stage)

    def read_receipt(self) -> Receipt:
        """Return what `ecr-push` did. Raises `StageOutOfOrder` when it left nothing readable."""
        return codec.read(self.receipt, Receipt, written_by="ecr-push")

    def read_timings(self) -> Timings:
        """Return how the stages ended so far, none where nothing readable says so: no run fails for its timings."""
        try:
            return codec.read(self.timings, Timings, written_by="every stage")
        except GoldenPathError:
            return Timings()

    def note(self, timing: Timing) -> None:
        """Add how a stage ended. A disk that does not take it is told by the stage's own files, not here."""
        if not self.path.parent.is_dir():
            return  # a run that failed leaves no new folders in odd places
        with contextlib.suppress(DiskTrouble):
            codec.write(self.timings, self.read_timings().having(timing))

    def forget(self, *paths: Path) -> None:
        """Remove what an earlier run left at `paths`, so that a failure now cannot be taken for its success."""
        for path in paths:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise codec.disk_trouble(error, path) from error

    def refuse_inside(self, context: Path) -> None:
        """Raise `BadInput` when this folder lies inside the build context: its reports would end up in the image."""
        if self.path.resolve().is_relative_to(context.resolve()):
            raise BadInput(
                f"the work folder {self.path} lies inside the build context {context}",
                why="scan reports and the candidate itself would be sent to the build",
                fix="choose a folder outside with --work-dir",
            )
