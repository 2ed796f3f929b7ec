"""The files of one run that released an image to prod."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from msgspec.structs import replace

from goldenpath.delivery.model.candidate import Candidate
from goldenpath.delivery.model.exception import Acceptance, AppliedException, ExceptionScope, Standing
from goldenpath.delivery.model.finding import Gate, Scanner
from goldenpath.delivery.model.receipt import Receipt, State, TagMove
from goldenpath.delivery.model.verdict import Mode, Result, Verdict
from goldenpath.shared import codec
from goldenpath.shared.names import Commit, Digest, EcrRepository, EnvironmentName, ImageRepository, Tag
from goldenpath.shared.oci import MANIFEST as MANIFEST_TYPE
from tests.unit.builders import COMMIT as SOME_COMMIT

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.shared.workflow_run import WorkflowRun

COMMIT = Commit(SOME_COMMIT)
REPOSITORY = EcrRepository("team/my-app")
SOURCE = "https://github.com/team/my-app"
MANIFEST = codec.encode({
    "annotations": {
        "org.opencontainers.image.revision": COMMIT, "org.opencontainers.image.source": SOURCE,
    }
})  # fmt: skip
DIGEST = Digest.of(MANIFEST)
TAG = Tag(f"prod-{COMMIT.short}")
DECIDED = dt.datetime(2026, 10, 2, 9, tzinfo=dt.UTC)
EXCEPTION = Acceptance(
    Gate.TRIVY, "CVE-2026-1", ExceptionScope(package="openssl"), "<b>no fix</b>", "ann", dt.date(2026, 12, 1)
)
RECEIPT = Receipt(
    State.RELEASED, EnvironmentName("prod"),
    ImageRepository(f"123456789012.dkr.ecr.eu-west-2.amazonaws.com/{REPOSITORY}"), DIGEST, COMMIT,
    (TagMove(TAG, None, DIGEST),),
)  # fmt: skip
CANDIDATE = Candidate(DIGEST, MANIFEST_TYPE, (), 1, COMMIT, SOURCE, "", "2026-10-02T08:00:00+00:00", "buildx")


def verdict(
    gate: Gate, *exceptions: Acceptance, result: Result = Result.PASS, rules: Digest | None = None,
    run: WorkflowRun | None = None,
) -> Verdict:  # fmt: skip
    applied = tuple(AppliedException(exception, Standing.ACCEPTED, ()) for exception in exceptions)
    subject = DIGEST if gate is Gate.TRIVY else COMMIT
    return Verdict(
        gate, "prod", Mode.BLOCKING, result, subject, Scanner(gate.value, "1"), {}, {}, 0, (), exceptions=applied,
        decided_at=DECIDED, policy=rules, run=run,
    )  # fmt: skip


def write_run(
    folder: Path, *exceptions: Acceptance, result: Result = Result.PASS, rules: Digest | None = None,
    run: WorkflowRun | None = None,
) -> None:  # fmt: skip
    """Write every record of a run into `folder`."""
    codec.write(folder / "receipt.json", replace(RECEIPT, policy=rules, run=run))
    codec.write(folder / "candidate.json", CANDIDATE)
    codec.write(folder / "gitleaks.verdict.json", verdict(Gate.GITLEAKS, rules=rules, run=run))
    codec.write(folder / "trivy.verdict.json", verdict(Gate.TRIVY, *exceptions, result=result, rules=rules, run=run))
    package = {"versionInfo": DIGEST, "primaryPackagePurpose": "CONTAINER"}
    codec.write(folder / "sbom.spdx.json", {"packages": [package]})
    codec.write(folder / "sbom.cdx.json", {"metadata": {"component": {"version": DIGEST}}})
