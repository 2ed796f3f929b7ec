"""trivy-gate: refuse a candidate with vulnerabilities or secrets that the platform does not allow."""

from __future__ import annotations

from goldenpath.delivery.builds import base_notes
from goldenpath.delivery.model import inputs, stage_requests
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.model.stage_requests import ImageRequest
from goldenpath.delivery.running import gate
from goldenpath.delivery.scanners import image_inspection
from goldenpath.delivery.stage import Outcome, Run, Stage


def run(run: Run) -> Outcome:
    """Scan every platform of the candidate once and decide on all findings together."""
    gate.forget(run, Gate.TRIVY)
    candidate = run.work.read_candidate()
    layout = Layout(run.work.layout)
    layout.require_whole(candidate.digest)
    origins = {image.digest: image.origins for image in candidate.platforms if image.origins}
    report = image_inspection.inspect(run, layout, origins)
    report = base_notes.noted(report, candidate.bases or ())
    category = f"trivy/{stage_requests.of(ImageRequest, run.request).ecr_repository}"
    return gate.conclude(run, report, category=category, dockerfile=run.dockerfile)


STAGE = Stage(
    name="trivy-gate",
    help="Scan the candidate for known vulnerabilities and secrets with trivy, and decide by the environment's rules.",
    inputs=(
        inputs.ENVIRONMENT, inputs.SOURCE, inputs.ECR_REPOSITORY, inputs.DOCKERFILE_PATH, inputs.WORK_DIR,
        inputs.TRIVY_EXIT_CODE, inputs.EVIDENCE,
    ),
    outputs=gate.GATE_OUTPUTS,
    run=run,
    gate=Gate.TRIVY,
    reads_files=True,
    timed=True,
)  # fmt: skip
