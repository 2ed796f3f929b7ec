"""The work folder: the names of all files that the stages hand over to one another."""

from __future__ import annotations

import contextlib
import fcntl
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from goldenpath.delivery.model import evidence
from goldenpath.delivery.model.candidate import Candidate
from goldenpath.delivery.model.finding import Findings, Gate
from goldenpath.delivery.model.last_release import LastRelease
from goldenpath.delivery.model.private_base import FetchedBases
from goldenpath.delivery.model.receipt import Receipt
from goldenpath.delivery.model.timing import Timing, Timings
from goldenpath.delivery.model.verdict import Verdict
from goldenpath.shared import codec
from goldenpath.shared.errors import BadInput, DiskTrouble, EvidenceMismatch, StageOutOfOrder, WorkFolderBusy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from goldenpath.delivery.model.evidence import Evidence, Report
    from goldenpath.shared.names import Digest

_TIMING, _LOCK, _RELEASED = ".timing.json", ".lock", "released"
# The files that every stage leaves, in the order of the pipeline, as names and patterns of names. The layout is not
# among them: candidate.json has its digest.
LEAVES: Mapping[str, tuple[str, ...]] = {
    "gitleaks-gate": ("gitleaks.json", "gitleaks.sarif", "gitleaks.verdict.json", f"gitleaks-gate{_TIMING}"),
    "pull-bases": ("bases.json", f"pull-bases{_TIMING}"),
    "build": ("candidate.json", f"build{_TIMING}"),
    "trivy-gate": ("trivy.json", "trivy.sarif", "trivy.verdict.json", f"trivy-gate{_TIMING}"),
    "sbom": ("sbom.*.json", f"sbom{_TIMING}"),
    "ecr-push": ("receipt.json", f"ecr-push{_TIMING}"),
    "compare-release": ("released/release.json", "released/trivy.json", "released/trivy.verdict.json"),
}


@dataclass(frozen=True)
class WorkFolder:
    """The folder `path` in which stages hand over plain files.

    With `evidence`, every file that is read must be the one that a job of this run reported. `None` trusts the files as
    they are, which is right if one process, or one person at a terminal, runs all stages.
    """

    path: Path
    evidence: Evidence | None = None

    def believing(self, reports: Iterable[Report]) -> WorkFolder:
        """Return this folder with the evidence of `reports`.

        Raises `EvidenceMismatch` when a report lists a file that its stage does not leave, or two reports differ.
        """
        listed = tuple(reports)
        for report in listed:
            _require_own_files(report)
        return replace(self, evidence=evidence.Evidence.of(listed))

    def left_by(self, stage: str) -> Evidence:
        """Return the evidence of the files that `stage` left here. Raises `DiskTrouble` when one cannot be read."""
        patterns = LEAVES.get(stage, ())
        try:
            files = [path for pattern in patterns for path in sorted(self.path.glob(pattern))]
            return evidence.of_files(files, self.path)
        except OSError as error:
            raise codec.disk_trouble(error, self.path) from error

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep other deliveries out of this folder while the block lasts; the end of the process frees it too.

        Raises `WorkFolderBusy` when one is in it already.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / _LOCK).open("ab")
        except OSError as error:
            raise codec.disk_trouble(error, self.path) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WorkFolderBusy(
                    f"Another delivery is using the work folder {self.path}",
                    why="Two deliveries in one folder would read one another's files as their own",
                    fix="Wait until it has ended, or choose another folder for this delivery with --work-dir",
                ) from None
            except OSError:
                pass  # a file system without locks
            yield

    def has(self, path: Path) -> bool:
        """Tell whether `path` is here, or the evidence lists it: whether its stage has left it."""
        return path.exists() or bool(self.evidence and path.name in self.evidence.digests)

    def content(self, path: Path) -> bytes:
        """Return the bytes of `path`, a file of this folder. Every read of its files goes through this method.

        Raises `EvidenceMismatch` when it is not the file that a job of this run reported, `OSError` as reading does.
        """
        if self.evidence is None:
            return path.read_bytes()
        self.evidence.require_any()
        reported = self.evidence.digests.get(path.name)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            if reported is None:
                raise
            raise EvidenceMismatch(
                f"{path.name} is not here, and a job of this run handed it over",
                why="Its artifact has expired (after a day, or 30 days with an approval), or another job of this run "
                "deleted or replaced it",
                fix=evidence.RUN_AGAIN,
            ) from None
        if (actual := evidence.sha256(content)) != reported:
            raise _not_reported(path.name, actual, reported, self.evidence)
        return content

    @property
    def released(self) -> WorkFolder:
        """The folder in which `compare-release` leaves its scan of the last release."""
        return WorkFolder(self.path / _RELEASED, self.evidence and self.evidence.below(_RELEASED))

    @property
    def release(self) -> Path:
        """Where `compare-release` writes, in its own folder, which release it scanned."""
        return self.path / "release.json"

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
    def bases(self) -> Path:
        """Where `pull-bases` writes which images it fetched."""
        return self.path / "bases.json"

    @property
    def base_layouts(self) -> Path:
        """The folder of the layouts of the images that were fetched."""
        return self.path / "bases"

    def base_layout(self, digest: Digest) -> Path:
        """Where the fetched image with this `digest` is."""
        return self.base_layouts / digest.hex

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
    def report(self) -> Path:
        """Where the delivery report of a run is written."""
        return self.path / "report.html"

    def timing(self, stage: str) -> Path:
        """Where `stage` leaves how it ended."""
        return self.path / f"{stage}{_TIMING}"

    def read_candidate(self) -> Candidate:
        """Return what `build` left. Raises `StageOutOfOrder` when it left nothing readable."""
        return codec.read(self.candidate, Candidate, written_by="build", take=self.content)

    def read_bases(self) -> FetchedBases:
        """Return what `pull-bases` fetched. Raises `StageOutOfOrder` when it left nothing readable."""
        return codec.read(self.bases, FetchedBases, written_by="pull-bases", take=self.content)

    def read_findings(self, gate: Gate) -> Findings:
        """Return what `gate` found. Raises `StageOutOfOrder` when it left nothing readable."""
        return codec.read(self.findings(gate), Findings, written_by=gate.stage, take=self.content)

    def read_sarif(self, gate: Gate) -> bytes:
        """Return what `gate` found as SARIF. Raises `StageOutOfOrder` when it left none."""
        return codec.read_bytes(self.sarif(gate), written_by=gate.stage, take=self.content)

    def read_verdict(self, gate: Gate) -> Verdict:
        """Return what `gate` decided. Raises `StageOutOfOrder` when it left nothing readable."""
        return codec.read(self.verdict(gate), Verdict, written_by=gate.stage, take=self.content)

    def read_release(self) -> LastRelease:
        """Return the release that `compare-release` scanned. Raises `StageOutOfOrder` when it left nothing readable."""
        return codec.read(self.release, LastRelease, written_by="compare-release", take=self.content)

    def read_receipt(self) -> Receipt:
        """Return what `ecr-push` did. Raises `StageOutOfOrder` when it left nothing readable."""
        return codec.read(self.receipt, Receipt, written_by="ecr-push", take=self.content)

    def read_timings(self) -> Timings:
        """Return the timings of the finished stages. Unreadable ones are left out: no run fails for its timings."""
        return Timings(tuple(timing for stage in LEAVES if (timing := self._read_timing(stage))))

    def _read_timing(self, stage: str) -> Timing | None:
        try:
            timing = codec.read(self.timing(stage), Timing, written_by=stage, take=self.content)
        except (StageOutOfOrder, DiskTrouble):
            return None
        return timing if timing.stage == stage else None

    def note(self, timing: Timing) -> None:
        """Write the timing of a stage. A full disk is reported when the stage writes its own files, not here."""
        if not self.path.parent.is_dir():
            return  # a run that failed leaves no new folders in odd places
        with contextlib.suppress(DiskTrouble):
            codec.write(self.timing(timing.stage), timing)

    def forget(self, *paths: Path) -> None:
        """Remove the files of an earlier run at `paths`, so that a failed run does not keep the files of a success."""
        for path in paths:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise codec.disk_trouble(error, path) from error

    def refuse_inside(self, context: Path) -> None:
        """Raise `BadInput` when this folder lies inside the build context: its reports would end up in the image."""
        if self.path.resolve().is_relative_to(context.resolve()):
            raise BadInput(
                f"The work folder {self.path} lies inside the build context {context}",
                why="Scan reports and the candidate itself would be sent to the build",
                fix="Choose a folder outside of the build context with --work-dir",
            )


def _require_own_files(report: Report) -> None:
    """Raise `EvidenceMismatch` when a report with a label lists a file that the stage of that name does not leave."""
    own = LEAVES.get(report.label, ()) if report.label else ("*",)
    strange = [name for name in report.digests if not any(fnmatchcase(name, pattern) for pattern in own)]
    if strange:
        raise EvidenceMismatch(
            f"The job of `{report.label}` reports {', '.join(strange)}, which `{report.label}` does not write",
            why="A job that runs code of the app must not report the verdict of another job",
            fix=evidence.RUN_AGAIN,
        )


def _not_reported(name: str, actual: str, reported: str | None, given: Evidence) -> EvidenceMismatch:
    if reported is None:
        return EvidenceMismatch(
            f"No job of this run reported {name}",
            why=f"The evidence lists only {', '.join(sorted(given.digests))}",
            fix=evidence.RUN_AGAIN,
        )
    return EvidenceMismatch(
        f"{name} is not the file that its job wrote",
        why=f"Its SHA-256 is {actual}, and the job that wrote it reported {reported}",
        fix=evidence.RUN_AGAIN,
    )
