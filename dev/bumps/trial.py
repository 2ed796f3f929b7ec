"""What a new program changes: the tests with it, and the findings on the example images before and after.

This is the one part that starts the new program. Whoever made that program may have written what it leaves here, so
the reader of a `Trial` takes it for text and decides nothing by it.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import msgspec
from dev.bumps import policy
from msgspec import Struct

from goldenpath.delivery.builds import dockerfiles
from goldenpath.delivery.model.finding import Finding, Gate
from goldenpath.delivery.model.work_folder import WorkFolder
from goldenpath.local.demo import sample
from goldenpath.local.images import base_images
from goldenpath.shared import codec, pins, process
from goldenpath.shared.errors import GateBlocked, GoldenPathError
from goldenpath.shared.runner import tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dev.bumps.pinning import Pinned

SHOWN = 30
_STAGE_SECONDS = 1800.0
_TEST_SECONDS = 3600.0
_GATES = {gate.stage: gate for gate in Gate}
_SCANNERS = {"gitleaks", "trivy", "syft"}
_OF_A_REPOSITORY = {Gate.TRIVY.stage, "sbom"}
_PYTEST_ENDED = (0, 1, 2, 3, 4, 5)

_Line = Annotated[str, msgspec.Meta(max_length=400)]
_Lines = Annotated[tuple[_Line, ...], msgspec.Meta(max_length=SHOWN)]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class Difference(Struct, frozen=True, forbid_unknown_fields=True):
    """What the scanners see of one example: how many things `before` and `after`, and how many are new or missing.

    `appeared` and `gone` are the first of those. `failed` says why there is no comparison.
    """

    example: _Line
    before: _Count = 0
    after: _Count = 0
    new: _Count = 0
    missing: _Count = 0
    appeared: _Lines = ()
    gone: _Lines = ()
    failed: _Line = ""


class Trial(Struct, frozen=True, forbid_unknown_fields=True):
    """How the trial of one tool ended: `tests` is pytest's last line."""

    tool: pins.ToolName
    passed: bool
    tests: _Line
    differences: Annotated[tuple[Difference, ...], msgspec.Meta(max_length=20)]


class Trials:
    """Tries programs in the checkout `root`, one after the other; `folder` is for what the stages leave.

    `environment` leads the stages and the tests to the engine, and to a vulnerability database where one is given.
    """

    def __init__(self, root: Path, folder: Path, environment: Mapping[str, str]) -> None:
        self._root = root
        self._folder = folder
        self._environment = environment
        self._before: dict[str, frozenset[str]] = {}

    def of(self, pinned: Pinned) -> Trial:
        """Return what changes with `pinned`, whose table is in the checkout only meanwhile."""
        compared = policy.EXAMPLES if pinned.proposal.tool in _SCANNERS else ()
        failed = dict(self._prepare(name, folder) for name, folder in compared)
        with self._with_table(pinned.table):
            differences = tuple(self._difference(name, failed[name]) for name, _ in compared)
            passed, last = self._test()
        return Trial(pinned.proposal.tool, passed, last, differences)

    def _prepare(self, name: str, folder: str) -> tuple[str, str]:
        """Build the example `name` and scan it with the programs of today, once. Returns why that failed."""
        if name in self._before:
            return name, ""
        try:
            sample.repository(self._root / folder, self._folder / name, f"https://github.com/example/{name}")
            self._run("build", name, f"--build-contexts={_contexts(self._folder / name / 'Dockerfile')}")
            self._before[name] = self._scan(name)
        except GoldenPathError as error:
            return name, str(error)[:400]
        return name, ""

    def _difference(self, name: str, failed: str) -> Difference:
        if failed:
            return Difference(name, failed=failed)
        before = self._before[name]
        try:
            after = self._scan(name)
        except GoldenPathError as error:
            return Difference(name, before=len(before), failed=str(error)[:400])
        appeared, gone = sorted(after - before), sorted(before - after)
        return Difference(
            name, len(before), len(after), len(appeared), len(gone), tuple(appeared[:SHOWN]), tuple(gone[:SHOWN])
        )

    def _scan(self, name: str) -> frozenset[str]:
        """Return a line for each finding and each package of the example that was built."""
        work = WorkFolder(self._folder / f"{name}-work")
        for stage in (*_GATES, "sbom"):
            self._run(stage, name)
        findings = {_line(finding) for gate in Gate for finding in work.read_findings(gate).findings}
        return frozenset(findings | set(_packages(work)))

    def _run(self, stage: str, name: str, *more: str) -> None:
        work = self._folder / f"{name}-work"
        words = ["--environment=dev", f"--source={self._folder / name}", f"--work-dir={work}", *more]
        words += ["--ecr-repository=example"] if stage in _OF_A_REPOSITORY else []
        process.run(
            self._root / "bin" / "goldenpath", stage, *words,
            timeout=_STAGE_SECONDS, environment=self._environment, accept=(0, GateBlocked.exit_code),
        )  # fmt: skip

    def _test(self) -> tuple[bool, str]:
        try:
            done = process.run(
                sys.executable, "-m", "pytest", "-q", *policy.TESTS,
                timeout=_TEST_SECONDS, cwd=self._root, environment=self._environment, accept=_PYTEST_ENDED,
            )  # fmt: skip
        except GoldenPathError as error:
            return False, str(error)[:400]
        return done.code == 0, done.stdout.decode("utf-8", "replace").strip().rpartition("\n")[2][:400]

    @contextlib.contextmanager
    def _with_table(self, table: str) -> Iterator[None]:
        place = self._root / "src" / "goldenpath" / "shared" / pins.TABLE.name
        kept = place.read_bytes()
        codec.write_bytes(place, table.encode())
        try:
            yield
        finally:
            codec.write_bytes(place, kept)


def _contexts(dockerfile: Path) -> str:
    """Return stand-ins for the base images, where Docker Hub cannot be reached."""
    if base_images.hub_reachable():
        return ""
    contexts = base_images.stand_ins(dockerfiles.base_names(dockerfile.read_text(encoding="utf-8")), tell)
    return "\n".join(f"{image}={context}" for image, context in contexts.items())


class _Component(Struct, frozen=True):
    name: str
    type: str
    version: str = ""


class _Inventory(Struct, frozen=True):
    components: tuple[_Component, ...] = ()


def _packages(work: WorkFolder) -> Iterator[str]:
    for component in codec.decode(work.cyclonedx.read_bytes(), _Inventory).components:
        if component.type != "file":
            yield f"syft: {component.name} {component.version}"[:400]


def _line(finding: Finding) -> str:
    package = f" {finding.package.name} {finding.package.version}" if finding.package else ""
    return f"{finding.gate.value}: {finding.severity.value} {finding.id}{package} in {finding.location.path}"[:400]
