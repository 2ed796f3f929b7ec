"""trivy-gate: no known vulnerability in the candidate that the platform does not let through."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath import runner
from goldenpath.errors import CandidateChanged
from goldenpath.model import inputs
from goldenpath.model.finding import Finding, Findings, Gate, Location, Scanner, Severity
from goldenpath.model.layout import Layout, narrowed
from goldenpath.stages import gate
from goldenpath.stages.base import Outcome, Run, Stage
from goldenpath.tools import trivy
from goldenpath.tools.scanner import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.model.layout import Image
    from goldenpath.model.names import Digest
    from goldenpath.tools.toolchain import Program
    from goldenpath.tools.trivy import ImageScan

EMPTY_INVENTORY = "empty-inventory"


def run(run: Run) -> Outcome:
    """Scan every platform of the candidate once and decide on all findings together."""
    gate.forget(run, Gate.TRIVY)
    candidate = run.work.read_candidate()
    layout = Layout(run.work.layout)
    require_same(layout, candidate.digest)
    program = run.toolchain.provide("trivy")
    scans = {}
    for image in layout.images():
        platform = layout.platform(image)
        run.say(f"scanning {candidate.digest[:19]} for {platform} for known vulnerabilities")
        scans[str(platform)] = scan(program, layout, image)
    report = Findings(
        gate=Gate.TRIVY,
        scanner=Scanner(program.name, program.version, program.origin),
        subject=candidate.digest,
        seen={
            **{name: f"{scanned.packages} packages, {scanned.system or 'no OS'}" for name, scanned in scans.items()},
            "database": trivy.database_date(runner.trivy_cache_dir()),
        },
        findings=merged(scans.values()),
    )
    name = run.request.ecr_repository or "image"
    return gate.conclude(run, report, category=f"trivy/{name}", dockerfile=_dockerfile(run))


def scan(program: Program, layout: Layout, image: Image) -> ImageScan:
    """Return what trivy sees in `image`. Raises `CandidateChanged` when it looked at anything else."""
    with tempfile.TemporaryDirectory(prefix="goldenpath-layout-") as folder:
        alone = narrowed(layout, image, Path(folder))
        scanned = trivy.parse(trivy.scan(program, alone.path, runner.trivy_cache_dir()))
    if scanned.config != image.manifest.config.digest:
        raise CandidateChanged(
            f"trivy scanned the image {scanned.config}, and the candidate is {image.manifest.config.digest}",
            fix="run `goldenpath build` again, then every stage after it",
        )
    return scanned


def require_same(layout: Layout, digest: Digest) -> None:
    """Raise `CandidateChanged` unless `layout` holds the image `digest`, byte for byte."""
    require_digest(layout, digest)
    layout.verify()


def require_digest(layout: Layout, digest: Digest) -> None:
    """Raise `CandidateChanged` unless `layout` says that it holds the image `digest`."""
    if (found := layout.root().digest) != digest:
        raise CandidateChanged(
            f"the candidate folder holds {found}, and candidate.json names {digest}",
            fix="run `goldenpath build` again, then every stage after it",
        )


def merged(scans: Iterable[ImageScan]) -> tuple[Finding, ...]:
    """Return the findings of all platforms, each once, and one more for a platform in which nothing was seen."""
    found = {}
    for scanned in scans:
        for finding in scanned.findings or (() if scanned.packages else (_nothing_seen(),)):
            found[finding.fingerprint] = finding
    return tuple(found.values())


def _nothing_seen() -> Finding:
    return Finding(
        gate=Gate.TRIVY,
        id=EMPTY_INVENTORY,
        severity=Severity.HIGH,
        title="No package was seen in the image, so nothing is known about its vulnerabilities",
        location=Location("image"),
        fingerprint=fingerprint(EMPTY_INVENTORY),
    )


def _dockerfile(run: Run) -> str:
    path, source = run.request.dockerfile_path, run.request.source
    return path.relative_to(source).as_posix() if path.is_relative_to(source) else path.name


STAGE = Stage(
    name="trivy-gate",
    help="Scan the candidate for known vulnerabilities with trivy, and decide by the environment's rules.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, inputs.ECR_REPOSITORY, inputs.DOCKERFILE_PATH, inputs.WORK_DIR,
    ),
    outputs=gate.GATE_OUTPUTS,
    run=run,
)  # fmt: skip
